// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_log.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>

namespace nestor {
namespace {

// What an allocation costs beside its bytes (the allocator's header and rounding).
constexpr size_t kAllocationBytes = 16;

size_t HeapBytes(const std::string& text) {
  static const size_t inline_capacity = std::string().capacity();
  return text.capacity() > inline_capacity ? text.capacity() + kAllocationBytes : 0;
}

size_t HeapBytes(const std::vector<std::string>& list) {
  size_t bytes = list.capacity() * sizeof(std::string);
  for (const std::string& text : list) bytes += HeapBytes(text);
  return bytes == 0 ? 0 : bytes + kAllocationBytes;
}

size_t HeapBytes(const Workload& workload) {
  return HeapBytes(workload.namespace_name) + HeapBytes(workload.pod) +
         HeapBytes(workload.pod_uid) + HeapBytes(workload.container) +
         HeapBytes(workload.container_id) + HeapBytes(workload.image);
}

size_t HeapBytes(const ProcessInfo& process) {
  return HeapBytes(process.exe) + HeapBytes(process.argv) + HeapBytes(process.cwd) +
         HeapBytes(process.tty) + HeapBytes(process.agent);
}

size_t HeapBytes(const ProcessReference& process) { return HeapBytes(process.exe); }

size_t HeapBytes(const HopEnd& end) {
  return HeapBytes(end.process) + HeapBytes(end.workload) + HeapBytes(end.address);
}

size_t HeapBytes(const LoginInfo& login) {
  return HeapBytes(login.user) + HeapBytes(login.method) + HeapBytes(login.key) +
         HeapBytes(login.certificate);
}

size_t HeapBytes(const HopInfo& hop) {
  return HeapBytes(hop.from) + HeapBytes(hop.to) + HeapBytes(hop.evidence) + HeapBytes(hop.detail) +
         hop.candidates.capacity() * sizeof(HopId) +
         (hop.remote ? sizeof(RemoteInfo) + kAllocationBytes + HeapBytes(hop.remote->node) : 0) +
         (hop.login ? sizeof(LoginInfo) + kAllocationBytes + HeapBytes(*hop.login) : 0);
}

size_t HeapBytes(const SocketInfo& socket) {
  return HeapBytes(socket.local) + HeapBytes(socket.peer) +
         (socket.peer_process ? HeapBytes(*socket.peer_process) : 0);
}

size_t HeapBytes(const FileInfo& file) { return HeapBytes(file.path); }

size_t HeapBytes(const VerdictInfo& verdict) {
  return HeapBytes(verdict.argv) + HeapBytes(verdict.subject) + HeapBytes(verdict.message) +
         HeapBytes(verdict.error) + HeapBytes(verdict.severity) + HeapBytes(verdict.tags);
}

size_t HeapBytes(const LossInfo& loss) { return HeapBytes(loss.where); }

size_t HeapBytes(const TamperInfo& tamper) {
  return HeapBytes(tamper.what) + HeapBytes(tamper.detail) + HeapBytes(tamper.node);
}

size_t HeapBytes(const HeartbeatInfo& beat) {
  return HeapBytes(beat.node) + HeapBytes(beat.boot_id) + HeapBytes(beat.previous) +
         HeapBytes(beat.key_id) + HeapBytes(beat.signature);
}

size_t HeapBytes(const GapInfo& gap) {
  return HeapBytes(gap.node) + HeapBytes(gap.boot_id) + HeapBytes(gap.earlier) +
         HeapBytes(gap.previous_boot_id) + HeapBytes(gap.ending) + HeapBytes(gap.kernel) +
         HeapBytes(gap.previous) + HeapBytes(gap.key_id) + HeapBytes(gap.signature);
}

template <typename T>
size_t BoxBytes(const Boxed<T>& box) {
  return box ? sizeof(T) + kAllocationBytes + HeapBytes(*box) : 0;
}

// An estimate, so that max_bytes means memory and not a number of events.
size_t BytesOf(const Event& event) {
  size_t bytes = sizeof(Masked<Event>) + 2 * kAllocationBytes + sizeof(void*) * 2;
  bytes += HeapBytes(event.process) + HeapBytes(event.parent) + HeapBytes(event.workload);
  bytes += BoxBytes(event.hop) + BoxBytes(event.socket) + BoxBytes(event.file) +
           BoxBytes(event.verdict) + BoxBytes(event.loss) + BoxBytes(event.tamper) +
           BoxBytes(event.heartbeat) + BoxBytes(event.gap);
  return bytes;
}

}  // namespace

struct EventLog::State {
  struct Entry {
    std::shared_ptr<const Masked<Event>> event;
    size_t bytes = 0;
  };

  explicit State(EventLogOptions given) : options(given) {}

  uint64_t FirstSeq() const { return last_seq + 1 - kept.size(); }

  const EventLogOptions options;
  mutable std::mutex mutex;
  mutable std::condition_variable grown;
  std::deque<Entry> kept;  // contiguous: kept[i] has seq FirstSeq() + i
  size_t kept_bytes = 0;
  uint64_t last_seq = 0;
  uint64_t dropped = 0;
  uint64_t told = 0;
  bool closed = false;
};

EventLog::EventLog(EventLogOptions options) : state_(std::make_unique<State>(options)) {}
EventLog::~EventLog() = default;

void EventLog::Append(Masked<Event> event) {
  State::Entry entry;
  entry.bytes = BytesOf(*event);
  entry.event = std::make_shared<const Masked<Event>>(std::move(event));
  std::vector<State::Entry> leaving;  // freed after the lock: readers do not wait for destructors
  const std::lock_guard lock(state_->mutex);
  const uint64_t seq = (*entry.event)->seq;
  if (state_->last_seq != 0 && seq != state_->last_seq + 1) std::abort();  // readers count on it
  state_->last_seq = seq;
  state_->kept_bytes += entry.bytes;
  state_->kept.push_back(std::move(entry));
  // The newest event always stays, however large it is.
  while (state_->kept.size() > 1 && (state_->kept.size() > state_->options.max_events ||
                                     state_->kept_bytes > state_->options.max_bytes)) {
    state_->kept_bytes -= state_->kept.front().bytes;
    leaving.push_back(std::move(state_->kept.front()));
    state_->kept.pop_front();
    ++state_->dropped;
  }
}

void EventLog::Flush() { state_->grown.notify_all(); }

void EventLog::Close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  state_->grown.notify_all();
}

EventLog::Batch EventLog::Read(uint64_t from_seq, size_t max,
                               std::chrono::milliseconds wait) const {
  Batch batch;
  std::unique_lock lock(state_->mutex);
  if (from_seq == 0) from_seq = state_->FirstSeq();
  state_->grown.wait_for(lock, wait,
                         [&] { return state_->closed || state_->last_seq >= from_seq; });
  const uint64_t first = state_->FirstSeq();
  if (from_seq < first) {
    batch.missed = first - from_seq;
    from_seq = first;
  }
  const uint64_t available = from_seq > state_->last_seq ? 0 : state_->last_seq + 1 - from_seq;
  const uint64_t count = std::min<uint64_t>(available, max);
  batch.events.reserve(count);
  for (uint64_t i = 0; i < count; ++i)
    batch.events.push_back(state_->kept[from_seq - first + i].event);
  batch.next_seq = from_seq + count;
  batch.closed = state_->closed && available == count;
  return batch;
}

void EventLog::NoteTold(uint64_t seq) const {
  const std::lock_guard lock(state_->mutex);
  state_->told = std::max(state_->told, seq);
}

uint64_t EventLog::settled() const {
  const std::lock_guard lock(state_->mutex);
  return std::max(state_->told, state_->FirstSeq() - 1);
}

uint64_t EventLog::last_seq() const {
  const std::lock_guard lock(state_->mutex);
  return state_->last_seq;
}

uint64_t EventLog::first_seq() const {
  const std::lock_guard lock(state_->mutex);
  return state_->FirstSeq();
}

uint64_t EventLog::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace nestor
