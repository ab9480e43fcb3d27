// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/automaton_difference.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace nestor {
namespace {

// All bytes, those first that people like to read.
std::array<uint8_t, 256> BytesByTaste() {
  std::array<uint8_t, 256> bytes{};
  std::array<bool, 256> taken{};
  size_t count = 0;
  const auto take = [&](uint8_t byte) {
    if (taken[byte]) return;
    taken[byte] = true;
    bytes[count++] = byte;
  };
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789/-._ "))
    take(static_cast<uint8_t>(c));
  for (unsigned byte = '!'; byte <= '~'; ++byte) take(static_cast<uint8_t>(byte));
  for (unsigned byte = 0; byte < 256; ++byte) take(static_cast<uint8_t>(byte));
  return bytes;
}

struct Where {
  uint32_t wide = 0, narrow = 0;  // states
  bool hit = false;               // `wide` matches, whatever follows

  uint64_t Key() const { return uint64_t{wide} << 17 | narrow << 1 | hit; }
};

struct Step {
  uint32_t before;  // index of the step that it came from
  Where where;
  uint8_t byte;
};

std::string TextTo(const std::vector<Step>& steps, size_t at) {
  std::string text;
  for (; at != 0; at = steps[at].before) text += static_cast<char>(steps[at].byte);
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

std::optional<std::string> FindDifference(const Dfa& wide, const Dfa& narrow,
                                          std::optional<uint8_t> last) {
  static const std::array<uint8_t, 256> kBytes = BytesByTaste();
  if (wide.states() < 2) return std::nullopt;
  const bool has_narrow = narrow.states() >= 2;
  std::vector<Step> steps = {{0, {1, has_narrow ? 1U : 0U, false}, 0}};
  std::unordered_set<uint64_t> seen = {steps[0].where.Key()};
  for (size_t at = 0; at < steps.size(); ++at) {  // breadth first: the first found is a shortest
    const Where where = steps[at].where;
    const bool whole = !last || (at != 0 && steps[at].byte == *last);
    const bool in_wide = where.hit || wide.Accepts(where.wide).any();
    if (whole && in_wide && (!has_narrow || narrow.Accepts(where.narrow).none()))
      return TextTo(steps, at);
    for (const uint8_t byte : kBytes) {
      Where next;
      next.wide = wide.Next(where.wide, byte);
      next.narrow = has_narrow ? narrow.Next(where.narrow, byte) : 0;
      next.hit = where.hit || wide.Hits(next.wide).any();
      if (next.wide == 0 && !next.hit) continue;                   // nothing of `wide` from here on
      if (has_narrow && narrow.Hits(next.narrow).any()) continue;  // all of `narrow`
      if (seen.insert(next.Key()).second) steps.push_back({static_cast<uint32_t>(at), next, byte});
    }
  }
  return std::nullopt;
}

}  // namespace nestor
