// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/ring_source.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include "agent/base/unique_fd.h"
#include "agent/kernel/ring.h"

namespace nestor {
namespace {

constexpr std::chrono::seconds kKept{5};    // after a reader has it: it may be on its way
constexpr std::chrono::seconds kFirst{60};  // readers of an earlier nestord have come back by then
constexpr double kShareKept = 1.0 / 8, kShareKeptAtFirst = 3.0 / 4;

Status Watch(int epoll_fd, int ring_fd) {
  // By edges: a ring with records that were read and not given back counts as readable all the
  // time.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ring_fd, &event) == 0) return {};
  return Error::FromErrno("wait for a ring", errno);
}

}  // namespace

struct RingSource::State {
  size_t Read(const RecordSink& sink) {
    const auto now = Ring::Clock::now();
    if (!begin) begin = now;
    const bool at_first = !was_told && now - *begin < kFirst;
    const double share = at_first ? kShareKeptAtFirst : kShareKept;
    // The last ring's end first: what it holds up to there follows from what stands before the
    // others' ends.
    std::vector<uint64_t> ends(rings.size());
    for (size_t i = rings.size(); i-- > 0;) ends[i] = rings[i].End();
    size_t count = 0;
    for (size_t i = 0; i < rings.size(); ++i) {
      count += rings[i].Read(sink, ends[i], share);
      rings[i].GiveBackTold(now - kKept);
    }
    return count;
  }

  std::vector<Ring> rings;
  UniqueFd epoll;
  UniqueFd wake;  // an eventfd; by edges, so it is never read
  volatile uint32_t* sleeps = nullptr;
  std::optional<Ring::Clock::time_point> begin;  // of reading
  bool was_told = false;
  std::chrono::milliseconds latency{10};
  bool busy = false;  // the last look found records
};

RingSource::RingSource(std::unique_ptr<State> state) : state_(std::move(state)) {}

RingSource::~RingSource() = default;

void RingSource::Wake() { eventfd_write(state_->wake.get(), 1); }

void RingSource::Finish() {
  for (Ring& ring : state_->rings) ring.GiveBackAll();
}

void RingSource::Note(uint64_t made, uint64_t told) {
  state_->was_told |= told > 0;
  for (Ring& ring : state_->rings) ring.Note(made, told);
}

Result<std::unique_ptr<RingSource>> RingSource::Open(const std::vector<int>& rings,
                                                     volatile uint32_t* sleeps,
                                                     volatile uint64_t* unsure,
                                                     std::chrono::milliseconds latency) {
  auto state = std::make_unique<State>();
  for (const int fd : rings) {
    auto ring = Ring::Open(fd, unsure);
    if (!ring) return ring.error();
    state->rings.push_back(*std::move(ring));
  }
  state->sleeps = sleeps;
  state->latency = latency;
  state->epoll.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!state->epoll.ok()) return Error::FromErrno("make an epoll", errno);
  for (const int fd : rings) {
    if (Status watched = Watch(state->epoll.get(), fd); !watched) return watched.error();
  }
  state->wake.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->wake.ok()) return Error::FromErrno("make an eventfd", errno);
  if (Status watched = Watch(state->epoll.get(), state->wake.get()); !watched) {
    return watched.error();
  }
  return std::unique_ptr<RingSource>(new RingSource(std::move(state)));
}

Result<size_t> RingSource::Poll(std::chrono::milliseconds timeout, const RecordSink& sink) {
  if (state_->busy) {
    std::this_thread::sleep_for(std::min(timeout, state_->latency));
    const size_t count = state_->Read(sink);
    state_->busy = count > 0;
    return count;
  }
  // The flag first, then one more look: a record that comes between either sees the flag or is
  // seen.
  *state_->sleeps = 1;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  size_t count = state_->Read(sink);
  if (count == 0) {
    epoll_event event{};
    const int woken = epoll_wait(state_->epoll.get(), &event, 1, static_cast<int>(timeout.count()));
    if (woken < 0 && errno != EINTR) return Error::FromErrno("wait for the rings", errno);
    count = state_->Read(sink);
  }
  *state_->sleeps = 0;
  state_->busy = count > 0;
  return count;
}

}  // namespace nestor
