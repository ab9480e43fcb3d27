// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_VERIFY_SEQ_SET_H_
#define NESTOR_TOOLS_NESTORCTL_VERIFY_SEQ_SET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace nestor::ctl {

struct SeqRange {
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
  bool operator==(const SeqRange&) const = default;
};

// A set of sequence numbers, as ranges: a recording in order needs one, however long it is.
class SeqSet {
 public:
  void Add(SeqRange range);
  // What of `range` is in, in order.
  std::vector<SeqRange> Common(SeqRange range) const;
  bool empty() const { return ranges_.empty(); }
  uint64_t first() const { return ranges_.empty() ? 0 : ranges_.begin()->first; }
  uint64_t last() const { return ranges_.empty() ? 0 : ranges_.rbegin()->second; }
  std::vector<SeqRange> ranges() const;
  // What of `whole` is in none of them, in order; at most `limit` ranges.
  std::vector<SeqRange> Missing(SeqRange whole, size_t limit) const;

 private:
  std::map<uint64_t, uint64_t> ranges_;  // first to last; never touching
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_VERIFY_SEQ_SET_H_
