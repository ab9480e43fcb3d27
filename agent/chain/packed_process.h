// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_PACKED_PROCESS_H_
#define NESTOR_AGENT_CHAIN_PACKED_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/event/event.h"

namespace nestor {

// A ProcessInfo as it is kept for each process of the node: all its texts in one piece of memory,
// about a third of what the strings themselves take. Thread: one at a time.
class PackedProcess {
 public:
  PackedProcess() = default;
  explicit PackedProcess(const ProcessInfo& info);

  ProcessInfo Unpack() const;
  ProcessKey key() const { return {start_ns_, tgid_}; }
  // Valid while this lives and is not assigned to.
  std::string_view exe() const;
  bool pre_existing() const { return pre_existing_; }

 private:
  uint64_t start_ns_ = 0;
  uint32_t tgid_ = 0;
  uint32_t uid_ = 0, gid_ = 0, auid_ = 0;
  uint32_t agent_depth_ = 0;
  uint32_t argc_ = 0, argv_bytes_ = 0;
  bool argv_truncated_ = false, pre_existing_ = false;
  // Each text is its length, seven bits a byte, the lowest first, and its bytes: exe, cwd, tty,
  // agent, then argv. Null: all of them are empty.
  uint32_t text_bytes_ = 0;
  std::unique_ptr<char[]> text_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_PACKED_PROCESS_H_
