// SPDX-License-Identifier: Apache-2.0
// Worker threads behind a queue.
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/serve.h"

namespace nestor::chains {
namespace {

template <typename T>
class Queue {
 public:
  void Push(T value) {
    {
      const std::lock_guard lock(mutex_);
      values_.push(std::move(value));
    }
    filled_.notify_one();
  }

  T Pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !values_.empty(); });
    T value = std::move(values_.front());
    values_.pop();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::queue<T> values_;
};

template <typename T, typename Work>
void StartWorkers(Queue<T>& queue, Work work) {
  for (int worker = 0; worker < kWorkers; ++worker) {
    std::thread([&queue, work] {
      for (;;) work(queue.Pop());
    }).detach();
  }
}

}  // namespace

void ServeByPool(int listener) {
  Queue<int> connections;
  StartWorkers(connections, ServeOne);
  for (;;) {
    const int fd = Accept(listener);
    if (fd >= 0) connections.Push(fd);
  }
}

void ServeByQueue(int listener) {
  Queue<std::string> requests;
  StartWorkers(requests, RunAsServer);
  ServeByLoop(listener, [&](const std::string& text) { requests.Push(text); });
}

}  // namespace nestor::chains
