// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_RING_SOURCE_H_
#define NESTOR_AGENT_KERNEL_RING_SOURCE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/kernel/event_source.h"

namespace nestor {

// The kernel's rings. While records come it looks every `latency` without being woken; when a
// look finds nothing it sets *sleeps and waits for the kernel's wake-up (see bpf/ring.bpf.h).
//
// A record that was read stays in the ring until readers have had its events for five seconds: else
// the next nestord, if this one is killed, reads it again. When an eighth of the ring is kept so,
// until the first readers are back and for a minute at most three quarters, all of that is given
// back; *unsure says how many of such records the readers do not have yet.
class RingSource : public EventSource {
 public:
  // `sleeps` and `unsure` are the kernel side's reader_sleeps and unsure_records in mapped memory;
  // they outlive this.
  // Of two records in two rings, the one of the earlier ring in `rings` is handed over first if it
  // was written first.
  static Result<std::unique_ptr<RingSource>> Open(const std::vector<int>& rings,
                                                  volatile uint32_t* sleeps,
                                                  volatile uint64_t* unsure,
                                                  std::chrono::milliseconds latency);
  ~RingSource() override;

  Result<size_t> Poll(std::chrono::milliseconds timeout, const RecordSink& sink) override;
  void Wake() override;
  void Note(uint64_t made, uint64_t told) override;
  void Finish() override;

 private:
  struct State;
  explicit RingSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_RING_SOURCE_H_
