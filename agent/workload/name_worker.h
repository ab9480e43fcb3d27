// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_WORKLOAD_NAME_WORKER_H_
#define NESTOR_AGENT_WORKLOAD_NAME_WORKER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/base/result.h"
#include "agent/cri/container_lister.h"

namespace nestor {

// Asks the runtime on a thread of its own, so that nobody waits for it: at once for containers that
// somebody wants to be named, and every relist interval for all.
class NameWorker {
 public:
  NameWorker(std::unique_ptr<ContainerLister> lister, std::chrono::seconds relist_interval,
             size_t max_pending);
  ~NameWorker();

  // One list on the caller's thread, then the worker starts. Error: the runtime did not answer; the
  // worker goes on trying.
  Status Start();
  // `id` shall be named soon. Beyond max_pending the oldest wish is dropped, counted, and left to
  // the next relist.
  void Want(const std::string& id);
  // The last list, once, with what vanished since the last call; nullopt: none since then. Never
  // blocks for the runtime.
  std::optional<std::vector<ListedContainer>> TakeList();

  // One container, asked at once by the caller's thread.
  Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                              std::chrono::milliseconds deadline) {
    return lister_->Find(id, sandbox_id, deadline);
  }

  uint64_t dropped() const;
  // Lists without an answer, and containers that the runtime never listed while they were wanted.
  uint64_t failed() const;
  bool available() const;
  std::string detail() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Wish {
    uint64_t number = 0;  // order of arrival
    int attempts = 0;
    Clock::time_point due;
  };

  void Run(const std::stop_token& stop);
  Status ListOnce();
  void SettleWishes(const std::vector<ListedContainer>& list);
  void KeepVanished(std::vector<ListedContainer>& list);
  Clock::time_point NextDue() const;

  const std::unique_ptr<ContainerLister> lister_;
  const std::chrono::seconds relist_interval_;
  const size_t max_pending_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  std::unordered_map<std::string, Wish> wishes_;
  std::optional<std::vector<ListedContainer>> list_;
  Clock::time_point relist_due_{};
  int failures_in_a_row_ = 0;
  uint64_t next_number_ = 0;
  uint64_t dropped_ = 0;
  uint64_t failed_ = 0;
  bool available_ = false;
  std::string detail_ = "not asked yet";

  std::jthread thread_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_WORKLOAD_NAME_WORKER_H_
