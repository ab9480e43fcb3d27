// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_EVENT_LOG_H_
#define NESTOR_AGENT_STORE_EVENT_LOG_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "agent/store/event_class.h"

namespace nestor {

// Bounds of the kept past. Beyond one of them the oldest event goes of the container that has most
// in the class that is furthest over its own part; a reader that still wanted it is told. A class
// may fill what the others leave free, and gives it back as they need it.
struct EventLogOptions {
  size_t max_events = 200'000;
  size_t max_bytes = 12U << 20;  // estimated heap bytes of the kept events
  // The parts that no flood of another class can take, in percent of both bounds; programs have
  // what is left.
  size_t connections_percent = 15;
  size_t hops_percent = 15;
  size_t verdicts_percent = 15;
  size_t records_percent = 15;
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

  // Where a reader is. `passed`: how many events of each class came before, if that is known: so it
  // learns of which classes it missed some.
  struct Position {
    Position(uint64_t at) : seq(at) {}
    Position(uint64_t at, std::optional<ClassCounts> counts) : seq(at), passed(counts) {}

    uint64_t seq;
    std::optional<ClassCounts> passed;
  };

  struct Batch {
    std::vector<std::shared_ptr<const Masked<Event>>> events;  // without a gap between them
    uint64_t next_seq = 0;  // where to go on, with the events that passed before it
    std::optional<ClassCounts> passed;
    // Events between the asked seq and the first one of these (without any: up to next_seq) that
    // are not kept, and as far as it is known, of which classes.
    uint64_t missed = 0;
    ClassCounts missed_of{};
    bool more = false;  // of what was asked for, some is kept behind these
    bool closed = false;

    Position next() const { return {next_seq, passed}; }
  };
  // Up to `max` events from a position on (seq 0: oldest kept) and up to seq `last`, as far as the
  // next one that is not kept; waits up to `wait` when there is none yet. Thread: any.
  Batch Read(Position from, size_t max, std::chrono::milliseconds wait,
             uint64_t last = UINT64_MAX) const;

  // A reader who wants everything has had it up to `seq`; what lies before the place where it began
  // it did not ask for, and that counts as had. Thread: any.
  void NoteTold(uint64_t seq) const;
  // No kill of nestord can lose these to readers any more: they have them, or the log has not.
  uint64_t settled() const;

  uint64_t last_seq() const;
  uint64_t first_seq() const;  // oldest kept; last_seq()+1 when empty
  uint64_t kept() const;       // from there on not all are
  uint64_t dropped() const;    // events that left the log because of its bounds

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_EVENT_LOG_H_
