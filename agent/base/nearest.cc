// SPDX-License-Identifier: Apache-2.0
#include "agent/base/nearest.h"

#include <algorithm>
#include <numeric>

namespace nestor {
namespace {

// Optimal string alignment distance: insert, delete, replace, swap of neighbours.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_ago(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({replace, last[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], two_ago[j - 2] + 1);
      }
    }
    two_ago.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr size_t kLongest = 64;  // longer input is no misspelt word; keeps the cost bounded
  if (word.size() > kLongest) return "";
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  std::string nearest;
  for (const std::string_view candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string Suggest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (std::string nearest = NearestWord(word, candidates); !nearest.empty()) {
    return "; did you mean `" + nearest + "`?";
  }
  std::string text = "; one of: ";
  for (size_t index = 0; index < candidates.size(); ++index) {
    if (index) text += ", ";
    text += candidates[index];
  }
  return text;
}

}  // namespace nestor
