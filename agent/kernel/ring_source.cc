// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/ring_source.h"

#include <bpf/libbpf.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace nestor {

struct RingSource::State {
  ring_buffer* rings = nullptr;
  volatile uint32_t* sleeps = nullptr;
  std::chrono::milliseconds latency{10};
  const RecordSink* sink = nullptr;  // of the Poll that runs now
  bool busy = false;                 // the last look found records

  ~State() { ring_buffer__free(rings); }

  static int OnRecord(void* self, void* data, size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    (*static_cast<State*>(self)->sink)({bytes, size});
    return 0;
  }
};

RingSource::RingSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
RingSource::~RingSource() = default;

Result<std::unique_ptr<RingSource>> RingSource::Open(int control_fd, int bulk_fd,
                                                     volatile uint32_t* sleeps,
                                                     std::chrono::milliseconds latency) {
  auto state = std::make_unique<State>();
  state->sleeps = sleeps;
  state->latency = latency;
  // Control comes first: libbpf consumes rings in the order they were added.
  state->rings = ring_buffer__new(control_fd, &State::OnRecord, state.get(), nullptr);
  if (!state->rings) return Error::FromErrno("open the control ring", errno);
  if (int error = ring_buffer__add(state->rings, bulk_fd, &State::OnRecord, state.get())) {
    return Error::FromErrno("open the bulk ring", -error);
  }
  return std::unique_ptr<RingSource>(new RingSource(std::move(state)));
}

Result<size_t> RingSource::Consume() {
  const int count = ring_buffer__consume(state_->rings);
  if (count < 0) return Error::FromErrno("read the rings", -count);
  return static_cast<size_t>(count);
}

Result<size_t> RingSource::Poll(std::chrono::milliseconds timeout, const RecordSink& sink) {
  state_->sink = &sink;
  if (state_->busy) {
    std::this_thread::sleep_for(std::min(timeout, state_->latency));
    auto count = Consume();
    if (count) state_->busy = *count > 0;
    return count;
  }
  // The flag first, then one more look: a record that comes between either sees the flag or is
  // seen.
  *state_->sleeps = 1;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  auto count = Consume();
  if (!count || *count > 0) {
    *state_->sleeps = 0;
    state_->busy = true;
    return count;
  }
  const int polled = ring_buffer__poll(state_->rings, static_cast<int>(timeout.count()));
  *state_->sleeps = 0;
  if (polled < 0 && polled != -EINTR) return Error::FromErrno("wait for the rings", -polled);
  const size_t got = polled > 0 ? static_cast<size_t>(polled) : 0;
  state_->busy = got > 0;
  return got;
}

}  // namespace nestor
