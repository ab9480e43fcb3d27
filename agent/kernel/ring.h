// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_RING_H_
#define NESTOR_AGENT_KERNEL_RING_H_

#include <cstddef>
#include <cstdint>

#include "agent/base/result.h"
#include "agent/kernel/event_source.h"
#include "agent/kernel/kept_records.h"

namespace nestor {

// One BPF ring buffer, read without libbpf's reader, which gives room back with each record: here
// reading and giving back are two steps. Both positions are the kernel's, so a new reader begins
// where the last one gave back. Thread: one.
class Ring {
 public:
  using Clock = KeptRecords::Clock;

  // `fd` stays the caller's and open. `unsure`: see KeptRecords.
  static Result<Ring> Open(int fd, volatile uint64_t* unsure);
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&&) = delete;
  ~Ring();

  // Where the kernel writes next.
  uint64_t End() const;
  // Hands over what is complete and before `end`; a record that is being written ends it, too.
  // Returns how many.
  // When more than `kept_share` of the ring is read and not given back, all of that is given back.
  size_t Read(const RecordSink& sink, uint64_t end, double kept_share);
  // As KeptRecords::Note.
  void Note(uint64_t made, uint64_t told) { kept_.Note(made, told, Clock::now()); }
  // Gives back what readers have had since `since`.
  void GiveBackTold(Clock::time_point since);
  void GiveBackAll();

 private:
  explicit Ring(volatile uint64_t* unsure) : kept_(unsure) {}
  void GiveBackTo(uint64_t position);

  uint64_t* consumer_ = nullptr;  // a page; the kernel writes no further than this plus the size
  const std::byte* producer_ = nullptr;  // a page with the position, then the data, twice in a row
  size_t page_ = 0;
  uint64_t size_ = 0;
  uint64_t read_ = 0;
  KeptRecords kept_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_RING_H_
