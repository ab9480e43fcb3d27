// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_PROC_CACHE_H_
#define NESTOR_AGENT_CHAIN_PROC_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

#include "agent/event/event.h"

namespace nestor {

// What /proc says of processes that no record described: parents on the host, mostly. They come
// with every event of their children, and a read of /proc costs more than all the rest of an event.
// A process that is gone stays gone, for a key is never used again; one that is there may exec, and
// is read again when its answer is older than a second. Thread: one at a time.
class ProcCache {
 public:
  using Lookup = std::function<std::optional<ProcessInfo>(ProcessKey key)>;

  // At most `max_processes` answers are kept, the oldest ones go first.
  ProcCache(Lookup lookup, size_t max_processes)
      : lookup_(std::move(lookup)), max_processes_(max_processes) {}

  // nullptr: gone. The answer is valid until the next call. now_ns: CLOCK_BOOTTIME.
  const ProcessInfo* Find(ProcessKey key, uint64_t now_ns);
  // Drops what was first asked for before `since_ns`.
  void DropBefore(uint64_t since_ns);

  size_t size() const { return answers_.size(); }

 private:
  struct Answer {
    std::optional<ProcessInfo> info;
    uint64_t read_ns = 0;
  };

  void DropOldest();

  Lookup lookup_;
  size_t max_processes_;
  std::unordered_map<ProcessKey, Answer> answers_;
  std::deque<std::pair<uint64_t, ProcessKey>> asked_;  // when first; oldest first
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_PROC_CACHE_H_
