// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_EVENT_SOURCE_H_
#define NESTOR_AGENT_KERNEL_EVENT_SOURCE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>

#include "agent/base/result.h"

namespace nestor {

// Raw ring bytes, one record a call; valid only during the call.
using RecordSink = std::function<void(std::span<const std::byte>)>;

// Where records come from: the kernel's rings, or a capture file. The fake of tests injects faults
// here.
class EventSource {
 public:
  virtual ~EventSource() = default;

  // Waits at most `timeout` for records and hands each to `sink`. Returns how many there were.
  // Error: the source is broken for good (a closed ring, an unreadable capture). Thread: pipeline
  // only.
  virtual Result<size_t> Poll(std::chrono::milliseconds timeout, const RecordSink& sink) = 0;

  // Lets a Poll that waits return soon; without it, it waits for its time. Thread: any.
  virtual void Wake() {}

  // The events of all that was handed over have numbers up to `made`; up to `told` they are with
  // their readers. What is not is read again by the next nestord, or counted as lost.
  virtual void Note(uint64_t /*made*/, uint64_t /*told*/) {}

  // All that was handed over has reached whom it is for: it is not read again by the next nestord.
  virtual void Finish() = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_EVENT_SOURCE_H_
