// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/keeper.h"

#include <utility>

namespace nestor {

Keeper::Keeper(std::function<Status(const HeartbeatInfo&)> write,
               std::function<void(const Error&)> complain)
    : write_(std::move(write)), complain_(std::move(complain)), thread_([this] { Run(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Keeper::Keep(const HeartbeatInfo& beat) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = beat;
  }
  changed_.notify_one();
}

std::optional<HeartbeatInfo> Keeper::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || waiting_; });
  return std::exchange(waiting_, std::nullopt);
}

void Keeper::Run() {
  bool failing = false;
  while (const auto beat = Next()) {
    const Status written = write_(*beat);
    if (!written) ++failures_;
    if (!written && !failing) complain_(written.error());
    failing = !written;
  }
}

}  // namespace nestor
