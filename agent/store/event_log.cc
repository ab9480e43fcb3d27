// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_log.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <utility>

#include "agent/event/heap_bytes.h"
#include "agent/store/event_index.h"
#include "agent/store/event_shares.h"
#include "agent/store/kept_event.h"

namespace nestor {
namespace {

// What a kept event takes beside its own heap: itself with its counts, and its place in the index.
constexpr size_t kPlaceBytes = sizeof(KeptEvent) + 96;
constexpr size_t kPercent = 100;

size_t IndexOf(EventClass in) { return static_cast<size_t>(in); }
size_t ClassIndexOf(const KeptEvent& kept) { return IndexOf(ClassOf(kept.event->type)); }

// Of the classes, in percent.
std::array<size_t, kEventClasses> Parts(const EventLogOptions& options) {
  std::array<size_t, kEventClasses> parts{};
  parts[IndexOf(EventClass::kConnections)] = options.connections_percent;
  parts[IndexOf(EventClass::kHops)] = options.hops_percent;
  parts[IndexOf(EventClass::kVerdicts)] = options.verdicts_percent;
  parts[IndexOf(EventClass::kRecords)] = options.records_percent;
  size_t taken = 0;
  for (const size_t part : parts) taken += part;
  parts[IndexOf(EventClass::kPrograms)] = kPercent - std::min(taken, kPercent);
  return parts;
}

}  // namespace

struct EventLog::State {
  explicit State(EventLogOptions given) : options(given), parts(Parts(given)) {}

  uint64_t FirstSeq() const { return kept.empty() ? last_seq + 1 : kept.oldest().event->seq; }
  bool Over() const {
    return kept.size() > 1 && (kept.size() > options.max_events || kept_bytes > options.max_bytes);
  }
  std::shared_ptr<KeptEvent> DropOne();
  size_t ClassToCut() const;
  // Goes on over what is not kept.
  static void Pass(Batch& batch, Position& at, Position to);
  Batch ReadFrom(Position at, size_t max, uint64_t last) const;

  const EventLogOptions options;
  const std::array<size_t, kEventClasses> parts;  // percent
  mutable std::mutex mutex;
  mutable std::condition_variable grown;
  EventIndex kept;
  std::array<ClassShares, kEventClasses> shares;
  size_t kept_bytes = 0;
  ClassCounts appended{};
  uint64_t last_seq = 0;
  uint64_t dropped = 0;
  uint64_t told = 0;
  bool closed = false;
};

// The class that is furthest over its part of the bound that is broken: one is, for all parts
// together are that bound.
size_t EventLog::State::ClassToCut() const {
  const bool by_bytes = kept_bytes > options.max_bytes;
  const size_t bound = by_bytes ? options.max_bytes : options.max_events;
  size_t most = 0;
  int64_t most_over = INT64_MIN;
  for (size_t in = 0; in < kEventClasses; ++in) {
    if (shares[in].events() == 0) continue;
    const size_t has = by_bytes ? shares[in].bytes() : shares[in].events();
    const int64_t over =
        static_cast<int64_t>(has) - static_cast<int64_t>(bound / kPercent * parts[in]);
    if (over > most_over) most = in;
    most_over = std::max(most_over, over);
  }
  return most;
}

// The newest event always stays, however large it is.
std::shared_ptr<KeptEvent> EventLog::State::DropOne() {
  size_t in = ClassToCut();
  EventShare* share = &shares[in].Largest();
  if (share->oldest == &kept.newest()) {
    in = ClassIndexOf(kept.oldest());
    share = &shares[in].ShareOf(kept.oldest());
  }
  std::shared_ptr<KeptEvent> leaving = kept.Drop(*share->oldest);
  kept_bytes -= leaving->bytes;
  shares[in].DropOldest(*share);
  ++dropped;
  return leaving;
}

void EventLog::State::Pass(Batch& batch, Position& at, Position to) {
  batch.missed = to.seq - at.seq;
  if (batch.missed > 0 && at.passed && to.passed) {
    for (size_t in = 0; in < kEventClasses; ++in)
      batch.missed_of[in] = (*to.passed)[in] - (*at.passed)[in];
  }
  at = to;
}

EventLog::Batch EventLog::State::ReadFrom(Position at, size_t max, uint64_t last) const {
  Batch batch;
  EventIndex::Walk next = kept.From(at.seq);
  const auto is_left = [&] { return next && (*next)->event->seq <= last; };
  if (is_left()) {
    ClassCounts before = (*next)->through;
    --before[ClassIndexOf(**next)];
    Pass(batch, at, {(*next)->event->seq, before});
  } else if (const uint64_t end = std::min(last, last_seq) + 1; at.seq < end) {
    Pass(batch, at, end);
  }
  while (is_left() && (*next)->event->seq == at.seq && batch.events.size() < max) {
    const std::shared_ptr<KeptEvent>& event = *next;
    batch.events.emplace_back(event, &event->event);
    at = {at.seq + 1, event->through};
    next.Next();
  }
  batch.next_seq = at.seq;
  batch.passed = at.passed;
  batch.more = is_left();
  batch.closed = closed && at.seq > last_seq;
  return batch;
}

EventLog::EventLog(EventLogOptions options) : state_(std::make_unique<State>(options)) {}
EventLog::~EventLog() = default;

void EventLog::Append(Masked<Event> event) {
  auto entry = std::make_shared<KeptEvent>(std::move(event));
  entry->bytes = kPlaceBytes + HeapBytes(*entry->event);
  const uint64_t seq = entry->event->seq;
  const size_t in = ClassIndexOf(*entry);
  std::vector<std::shared_ptr<KeptEvent>> leaving;  // freed after the lock: no reader waits for it
  const std::lock_guard lock(state_->mutex);
  if (state_->last_seq != 0 && seq != state_->last_seq + 1) std::abort();  // readers count on it
  state_->last_seq = seq;
  ++state_->appended[in];
  entry->through = state_->appended;
  state_->kept_bytes += entry->bytes;
  state_->shares[in].Add(*entry);
  state_->kept.Add(std::move(entry));
  while (state_->Over()) leaving.push_back(state_->DropOne());
}

void EventLog::Flush() { state_->grown.notify_all(); }

void EventLog::Close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  state_->grown.notify_all();
}

EventLog::Batch EventLog::Read(Position from, size_t max, std::chrono::milliseconds wait,
                               uint64_t last) const {
  std::unique_lock lock(state_->mutex);
  if (from.seq == 0) from = state_->FirstSeq();
  if (from.seq == 1) from.passed = ClassCounts{};
  state_->grown.wait_for(lock, wait,
                         [&] { return state_->closed || state_->last_seq >= from.seq; });
  return state_->ReadFrom(from, max, last);
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

uint64_t EventLog::kept() const {
  const std::lock_guard lock(state_->mutex);
  return state_->kept.size();
}

uint64_t EventLog::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace nestor
