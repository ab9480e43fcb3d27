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

  // Hands over what is complete by now; a record that is being written ends it. Returns how many.
  size_t Read(const RecordSink& sink);
  // Gives back what was read before `since`, and more if an eighth of the ring is kept.
  void GiveBack(Clock::time_point since);
  void GiveBackAll();

 private:
  struct Mark {
    Clock::time_point time;
    uint64_t position;
  };

  Ring() = default;
  void GiveBackTo(uint64_t position);

  uint64_t* consumer_ = nullptr;  // a page; the kernel writes no further than this plus the size
  const std::byte* producer_ = nullptr;  // a page with the position, then the data, twice in a row
  size_t page_ = 0;
  uint64_t size_ = 0;
  uint64_t read_ = 0;
  std::deque<Mark> marks_;  // positions that were reached and not given back, oldest first
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_RING_H_
