// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_EVENT_STREAM_H_
#define NESTOR_AGENT_API_EVENT_STREAM_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "agent/api/convert.h"
#include "agent/api/filter.h"
#include "agent/base/result.h"
#include "agent/store/event_log.h"
#include "nestor/v1/nestor.grpc.pb.h"

namespace nestor {

// The part of the log that one call asks for.
struct EventRange {
  uint64_t first = 1;
  uint64_t last = 0;  // UINT64_MAX: follow
  bool follow() const { return last == UINT64_MAX; }
};

// What `request` means now: from_seq, or the oldest kept, or the next one to come. kOutOfRange when
// from_seq lies past the next event: the reader's position is from another start of nestord.
Result<EventRange> RangeOf(const v1::StreamEventsRequest& request, const Filter& filter,
                           const EventLog& log);

// Writes the matching events of a range to one client, and a loss for what the log no longer had,
// for each class of events. Holds at most one batch of events and one message, however slow the
// client is: a write that does not get through blocks, and what the log drops meanwhile is told as
// a loss. Thread: the caller's.
class EventStream {
 public:
  using Writer = grpc::ServerWriter<v1::EventBatch>;

  struct Counters {
    std::atomic<uint64_t>& missed;  // events that readers came too late for
  };

  EventStream(const EventLog& log, const Filter& filter, NodeIdentity identity, Writer& writer,
              Counters counters);

  // Returns OK at the end of the range or of the log; kCancelled when the client is gone;
  // kUnavailable after `stopping` was set, once what is kept has been sent.
  grpc::Status Run(EventRange range, const grpc::ServerContext& context,
                   const std::atomic<bool>& stopping);

 private:
  bool SendBatch(const EventLog::Batch& batch);
  void NoteMissed(const EventLog::Batch& batch);
  void TellMissed();
  void Add();
  bool Flush();

  const EventLog& log_;
  const Filter& filter_;
  const NodeIdentity identity_;
  Writer& writer_;
  Counters counters_;
  WireWriter wire_;  // one event, reused
  v1::EventBatch message_;
  size_t message_bytes_ = 0;
  uint64_t missed_ = 0;
  std::array<uint64_t, kEventClasses + 1> not_told_{};  // by class; the last: of classes not known
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_EVENT_STREAM_H_
