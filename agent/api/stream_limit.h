// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_STREAM_LIMIT_H_
#define NESTOR_AGENT_API_STREAM_LIMIT_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/result.h"

namespace nestor {

// How many streams may be open at once: each holds a thread and one batch of events. Thread: any.
class StreamLimit {
 public:
  explicit StreamLimit(uint32_t most) : most_(most) {}

  // A place among the open streams, given back when it goes out of scope.
  class Slot {
   public:
    explicit Slot(std::atomic<uint32_t>* open) : open_(open) {}
    Slot(Slot&& other) noexcept : open_(std::exchange(other.open_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (open_) open_->fetch_sub(1);
    }

   private:
    std::atomic<uint32_t>* open_;
  };

  // kResourceExhausted when all places are taken; counted.
  Result<Slot> Take() {
    if (open_.fetch_add(1) < most_) return Slot(&open_);
    open_.fetch_sub(1);
    refused_.fetch_add(1);
    return Error{ErrorCode::kResourceExhausted,
                 "all " + std::to_string(most_) +
                     " streams of this nestord are taken; end one, or raise its limit of streams"};
  }

  uint32_t open() const { return open_.load(); }
  uint64_t refused() const { return refused_.load(); }

 private:
  const uint32_t most_;
  std::atomic<uint32_t> open_ = 0;
  std::atomic<uint64_t> refused_ = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_STREAM_LIMIT_H_
