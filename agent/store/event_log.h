// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_EVENT_LOG_H_
#define NESTOR_AGENT_STORE_EVENT_LOG_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/event/event.h"
#include "agent/mask/masked.h"

namespace nestor {

struct EventLogOptions {
  size_t max_events =
      200'000;  // oldest are dropped beyond; a reader that still wanted them is told how many
  size_t max_bytes = 12U << 20;  // estimated heap bytes of the kept events
};

// The kept past of this start of nestord, in memory, bounded; one writer, many readers with own
// positions.
class EventLog {
 public:
  explicit EventLog(EventLogOptions options);
  ~EventLog();

  // Appends in seq order (event->seq is contiguous from 1). A reader holds the lock only while it
  // copies pointers; a sleeping one is not woken before Flush. Thread: pipeline only.
  void Append(Masked<Event> event);
  // Wakes readers at most once per batch: call after a burst of Append.
  void Flush();
  // Ends all waits; Read returns what is left, then `closed`.
  void Close();

  struct Batch {
    std::vector<std::shared_ptr<const Masked<Event>>> events;
    uint64_t next_seq = 0;  // where to go on
    uint64_t missed =
        0;  // events between the asked seq and the first kept one: dropped before this reader came
    bool closed = false;
  };
  // Up to `max` events from `from_seq` on (0: oldest kept); waits up to `wait` when there is none
  // yet. Thread: any.
  Batch Read(uint64_t from_seq, size_t max, std::chrono::milliseconds wait) const;

  // A reader who wants everything has had it up to `seq`; what lies before the place where it began
  // it did not ask for, and that counts as had. Thread: any.
  void NoteTold(uint64_t seq) const;
  // No kill of nestord can lose these to readers any more: they have them, or the log has not.
  uint64_t settled() const;

  uint64_t last_seq() const;
  uint64_t first_seq() const;  // oldest kept; last_seq()+1 when empty
  uint64_t dropped() const;    // events that left the log because of its bounds

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_EVENT_LOG_H_
