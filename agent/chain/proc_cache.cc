// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/proc_cache.h"

namespace nestor {
namespace {

constexpr uint64_t kFreshNs = 1'000'000'000;

}  // namespace

const ProcessInfo* ProcCache::Find(ProcessKey key, uint64_t now_ns) {
  auto place = answers_.find(key);
  if (place == answers_.end()) {
    if (answers_.size() >= max_processes_) DropOldest();
    place = answers_.emplace(key, Answer{lookup_(key), now_ns}).first;
    asked_.emplace_back(now_ns, key);
  }
  Answer& answer = place->second;
  if (answer.info && answer.read_ns + kFreshNs < now_ns) answer = {lookup_(key), now_ns};
  return answer.info ? &*answer.info : nullptr;
}

void ProcCache::DropBefore(uint64_t since_ns) {
  while (!asked_.empty() && asked_.front().first < since_ns) DropOldest();
}

void ProcCache::DropOldest() {
  if (asked_.empty()) return;
  answers_.erase(asked_.front().second);
  asked_.pop_front();
}

}  // namespace nestor
