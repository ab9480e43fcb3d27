// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_KEPT_RECORDS_H_
#define NESTOR_AGENT_KERNEL_KEPT_RECORDS_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace nestor {

// What of a ring was read and whose events no reader has yet, so that the next nestord must read it
// again if this one is killed. Positions and numbers only grow. Thread: one.
class KeptRecords {
 public:
  using Clock = std::chrono::steady_clock;

  // `unsure`: where records are counted that were given up and may reach nobody; the next nestord
  // reads it. It outlives this; others count there, too.
  explicit KeptRecords(volatile uint64_t* unsure) : unsure_(unsure) {}

  // `records` more were read, up to `position`.
  void Read(uint64_t position, uint64_t records);

  // The events of all that was read so far have numbers up to `made`; readers have those up to
  // `told`.
  void Note(uint64_t made, uint64_t told, Clock::time_point now);

  // The position up to which readers have had all since `since`; none: nothing new.
  std::optional<uint64_t> TakeTold(Clock::time_point since);

  // The ring needs the room: all that is kept, and `records` more that were read now, counts as
  // unsure until it was told.
  void GiveUp(uint64_t position, uint64_t records);

  // All has reached whom it is for.
  void Clear();

 private:
  struct Mark {
    uint64_t position;  // read up to here
    uint64_t records;
    uint64_t seq = 0;                 // its last event; 0: not made yet
    Clock::time_point told = kNever;  // noticed then
  };
  using Marks = std::deque<Mark>;  // oldest first
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  static void Note(Marks& marks, uint64_t made, uint64_t told, Clock::time_point now);
  void TakeSure(Clock::time_point since);
  void AddUnsure(uint64_t records) { *unsure_ = *unsure_ + records; }

  volatile uint64_t* unsure_;
  Marks kept_;
  Marks given_up_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_KEPT_RECORDS_H_
