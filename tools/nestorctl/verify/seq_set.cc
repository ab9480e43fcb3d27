// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/seq_set.h"

#include <algorithm>
#include <iterator>

namespace nestor::ctl {

void SeqSet::Add(SeqRange range) {
  auto next = ranges_.upper_bound(range.first);
  if (next != ranges_.begin() && std::prev(next)->second + 1 >= range.first) {
    --next;
    range.first = next->first;
  }
  while (next != ranges_.end() && next->first <= range.last + 1) {
    range.last = std::max(range.last, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace(range.first, range.last);
}

std::vector<SeqRange> SeqSet::Common(SeqRange range) const {
  std::vector<SeqRange> common;
  auto at = ranges_.upper_bound(range.first);
  if (at != ranges_.begin()) --at;
  for (; at != ranges_.end() && at->first <= range.last; ++at) {
    const SeqRange both{std::max(range.first, at->first), std::min(range.last, at->second)};
    if (both.first <= both.last) common.push_back(both);
  }
  return common;
}

std::vector<SeqRange> SeqSet::ranges() const {
  std::vector<SeqRange> all;
  all.reserve(ranges_.size());
  for (const auto& [first, last] : ranges_) all.push_back({first, last});
  return all;
}

std::vector<SeqRange> SeqSet::Missing(SeqRange whole, size_t limit) const {
  std::vector<SeqRange> missing;
  uint64_t next = whole.first;
  for (const auto& [first, last] : ranges_) {
    if (missing.size() >= limit || next > whole.last) return missing;
    if (last < next) continue;
    if (first > next) missing.push_back({next, std::min(first - 1, whole.last)});
    next = last + 1;
  }
  if (next <= whole.last && missing.size() < limit) missing.push_back({next, whole.last});
  return missing;
}

}  // namespace nestor::ctl
