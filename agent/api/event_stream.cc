// SPDX-License-Identifier: Apache-2.0
#include "agent/api/event_stream.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace nestor {
namespace {

constexpr size_t kBatchEvents = 256;
// gRPC clients take messages of up to 4 MiB unless told otherwise.
constexpr size_t kEventMessageBytes = 1U << 20;
// How long a stream may sleep before it looks whether its client or the server has gone.
constexpr std::chrono::milliseconds kLongestWait{250};

// How long a follower gathers after a batch that was not full: at a steady rate of events one
// wakeup and one write then serve many. The first event after a pause is not held back.
constexpr std::chrono::milliseconds kGatherTime{50};

grpc::Status Gone() { return {grpc::StatusCode::CANCELLED, "the client is gone"}; }

}  // namespace

Result<EventRange> RangeOf(const v1::StreamEventsRequest& request, const Filter& filter,
                           const EventLog& log) {
  const uint64_t last_seq = log.last_seq();
  const uint64_t from = request.from_seq();
  if (from > last_seq + 1) {
    return Error{ErrorCode::kOutOfRange,
                 "from_seq " + std::to_string(from) + " is past the newest event, " +
                     std::to_string(last_seq) +
                     "; was nestord started anew? Ask from 1 and compare boot_id and started"};
  }
  EventRange range{.first = from, .last = request.follow() ? UINT64_MAX : last_seq};
  if (from == 0) {
    const bool from_now = request.follow() && !filter.has_since();
    range.first = from_now ? last_seq + 1 : log.first_seq();
  }
  return range;
}

EventStream::EventStream(const EventLog& log, const Filter& filter, NodeIdentity identity,
                         Writer& writer, Counters counters)
    : log_(log),
      filter_(filter),
      identity_(std::move(identity)),
      writer_(writer),
      counters_(counters) {}

grpc::Status EventStream::Run(EventRange range, const grpc::ServerContext& context,
                              const std::atomic<bool>& stopping) {
  EventLog::Position next = range.first;
  while (next.seq <= range.last) {
    if (context.IsCancelled()) return Gone();
    const bool last_turn = stopping.load();
    const bool sleep = range.follow() && !last_turn;
    const EventLog::Batch batch = log_.Read(
        next, kBatchEvents, sleep ? kLongestWait : std::chrono::milliseconds{0}, range.last);
    NoteMissed(batch);
    if (!SendBatch(batch)) return Gone();
    if (filter_.TakesAll()) log_.NoteTold(std::min(batch.next_seq - 1, range.last));
    next = batch.next();
    if (batch.closed) break;
    if (last_turn && batch.events.empty()) {
      return {grpc::StatusCode::UNAVAILABLE, "nestord is stopping"};
    }
    if (sleep && !batch.events.empty() && !batch.more) std::this_thread::sleep_for(kGatherTime);
  }
  return grpc::Status::OK;
}

// Many short runs of a past with gaps go into one message.
bool EventStream::SendBatch(const EventLog::Batch& batch) {
  for (const auto& event : batch.events) {
    if (!filter_.Matches(**event)) continue;
    TellMissed();
    wire_.Clear();
    Write(*event, {}, wire_);
    Add();
    if (message_bytes_ >= kEventMessageBytes && !Flush()) return false;
  }
  if (batch.more) return true;
  TellMissed();
  return Flush();
}

// Gaps between events that this reader does not ask for are told as one, before the next one that
// it does.
void EventStream::NoteMissed(const EventLog::Batch& batch) {
  // Of the time before the one that is asked for.
  if (!batch.events.empty() && !filter_.IsInTime(**batch.events.front())) return;
  uint64_t of_no_class = batch.missed;
  for (size_t in = 0; in < kEventClasses; ++in) {
    not_told_[in] += batch.missed_of[in];
    of_no_class -= batch.missed_of[in];
  }
  not_told_.back() += of_no_class;
}

void EventStream::TellMissed() {
  for (size_t in = 0; in < not_told_.size(); ++in) {
    const uint64_t count = std::exchange(not_told_[in], 0);
    if (count == 0) continue;
    missed_ += count;
    counters_.missed.fetch_add(count);
    wire_.Clear();
    const bool known = in < kEventClasses;
    WriteMissed(count, missed_, known ? Name(static_cast<EventClass>(in)) : "", {}, wire_);
    Add();
  }
}

// The event goes into the message as the bytes it is: a field that protobuf writes as it stands.
void EventStream::Add() {
  google::protobuf::UnknownFieldSet* fields =
      message_.GetReflection()->MutableUnknownFields(&message_);
  fields->AddLengthDelimited(v1::EventBatch::kEventsFieldNumber)->assign(wire_.bytes());
  message_bytes_ += wire_.bytes().size();
}

bool EventStream::Flush() {
  if (message_bytes_ == 0) return true;
  message_.set_node(identity_.node);
  message_.set_boot_id(identity_.boot_id);
  const bool written = writer_.Write(message_);
  message_.Clear();
  message_bytes_ = 0;
  return written;
}

}  // namespace nestor
