// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_ASK_QUEUE_H_
#define NESTOR_AGENT_PIPELINE_ASK_QUEUE_H_

#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/base/result.h"

namespace nestor {

// Questions of other threads to the one that owns all state. Bounded: more than kMaxWaiting
// unanswered ones give kResourceExhausted.
class AskQueue {
 public:
  // `wake` is called for each question, by who asks: the owner may sleep. It outlives the queue.
  explicit AskQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Runs `question` on the owner's thread and returns its answer. kUnavailable: none in 5 s, the
  // question may still run later and must own what it uses. Thread: any but the owner's.
  template <typename T>
  Result<T> Ask(std::function<Result<T>()> question) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto answer = promise->get_future();
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Error{ErrorCode::kUnavailable, "nestord is stopping"};
      if (waiting_.size() >= kMaxWaiting) {
        return Error{ErrorCode::kResourceExhausted,
                     "too many questions wait for nestord; try again"};
      }
      waiting_.push_back(
          [promise, question = std::move(question)] { promise->set_value(question()); });
    }
    wake_();
    if (answer.wait_for(kPatience) != std::future_status::ready) {
      return Error{ErrorCode::kUnavailable, "nestord is too busy to answer (5 s); try again"};
    }
    return answer.get();
  }

  // Answers what waits. Thread: the owner's.
  void AnswerAll() {
    std::deque<std::function<void()>> questions;
    {
      const std::lock_guard lock(mutex_);
      questions.swap(waiting_);
    }
    for (const auto& question : questions) question();
  }

  // No question is taken any more; those that wait are answered. Thread: the owner's.
  void Close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    AnswerAll();
  }

 private:
  static constexpr size_t kMaxWaiting = 256;
  static constexpr std::chrono::seconds kPatience{5};

  const std::function<void()> wake_;
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  bool closed_ = false;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_ASK_QUEUE_H_
