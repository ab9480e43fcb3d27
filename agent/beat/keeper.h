// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BEAT_KEEPER_H_
#define NESTOR_AGENT_BEAT_KEEPER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/base/result.h"
#include "agent/event/event.h"

namespace nestor {

// Writes heartbeats to the disk from a thread of its own: however slow that is, the pipeline does
// not wait. What comes while one is written takes the place of what waits, for only the last
// counts.
class Keeper {
 public:
  // `write` is called from that thread; so is `complain`, once for each row of failures.
  Keeper(std::function<Status(const HeartbeatInfo&)> write,
         std::function<void(const Error&)> complain);
  // What waits is still written.
  ~Keeper();

  // Thread: any.
  void Keep(const HeartbeatInfo& beat);
  // Heartbeats that could not be written.
  uint64_t failures() const { return failures_; }

 private:
  void Run();
  std::optional<HeartbeatInfo> Next();

  const std::function<Status(const HeartbeatInfo&)> write_;
  const std::function<void(const Error&)> complain_;
  std::atomic<uint64_t> failures_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<HeartbeatInfo> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_KEEPER_H_
