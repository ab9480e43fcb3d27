// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_RING_H_
#define NESTOR_AGENT_KERNEL_RING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "agent/base/result.h"
#include "agent/kernel/event_source.h"

namespace nestor {

// One BPF ring buffer, read without libbpf's reader, which gives room back with each record: here
// reading and giving back are two steps. Both positions are the kernel's, so a new reader begins
// where the last one gave back. Thread: one.
class Ring {
 public:
  using Clock = std::chrono::steady_clock;

  // `fd` stays the caller's and open.
  static Result<Ring> Open(int fd);
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&&) = delete;
  ~Ring();

  // Where the kernel writes next.
  uint64_t End() const;
  // Hands over what is complete and before `end`; a record that is being written ends it, too.
  // Returns how many.
  // When more than `kept_share` of the ring is read and not given back, all of that is given back.
  size_t Read(const RecordSink& sink, uint64_t end, double kept_share);
  // Gives back what was read before `since`.
  void GiveBack(Clock::time_point since);
  void GiveBackAll();
  // Records that were given back since `since` because too much was kept.
  uint64_t GivenBackEarly(Clock::time_point since);

 private:
  struct Mark {
    Clock::time_point time;
    uint64_t position;  // read up to here
    uint64_t records;
  };

  Ring() = default;
  void GiveBackTo(uint64_t position);
  void GiveBackEarly(uint64_t records_now);

  uint64_t* consumer_ = nullptr;  // a page; the kernel writes no further than this plus the size
  const std::byte* producer_ = nullptr;  // a page with the position, then the data, twice in a row
  size_t page_ = 0;
  uint64_t size_ = 0;
  uint64_t read_ = 0;
  std::deque<Mark> kept_;   // read and not given back, oldest first
  std::deque<Mark> early_;  // given back early, oldest first
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_RING_H_
