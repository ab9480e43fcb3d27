// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_PROCESS_KEY_H_
#define NESTOR_AGENT_EVENT_PROCESS_KEY_H_

#include <compare>
#include <cstdint>
#include <functional>

namespace nestor {

// One process of this boot. A bare pid is a bug: pids are reused.
struct ProcessKey {
  uint64_t start_ns = 0;  // thread group leader's start, CLOCK_BOOTTIME, ns
  uint32_t tgid = 0;      // in the root pid namespace; 0: unknown process

  bool known() const { return tgid != 0; }
  auto operator<=>(const ProcessKey&) const = default;
};

using HopId = uint64_t;     // unique for one boot; 0: none
using CgroupId = uint64_t;  // cgroup v2 id; 0: none

}  // namespace nestor

template <>
struct std::hash<nestor::ProcessKey> {
  size_t operator()(const nestor::ProcessKey& key) const noexcept {
    return std::hash<uint64_t>()(key.start_ns * 0x9e3779b97f4a7c15ULL ^ key.tgid);
  }
};

#endif  // NESTOR_AGENT_EVENT_PROCESS_KEY_H_
