// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_CAPABILITY_H_
#define NESTOR_AGENT_EVENT_CAPABILITY_H_

#include <cstdint>
#include <string>

namespace nestor {

// One thing this kernel and node allow or not; what `nestorctl doctor` shows.
struct Capability {
  std::string name;  // stable word: "btf", "bpf-lsm", "hook:sched_process_exec", "cri"
  bool available = false;
  bool required = false;  // nestord can do its main job only with it
  std::string detail;     // what was found
  std::string effect;     // what does not work without it
  std::string fix;        // how to get it
  // Of a hook: the kinds of rules that it judges, bits (1 << RuleEvent); and
  // kAsksForDigests, kAsksForAgents, kAsksForNames.
  uint32_t rule_events = 0;
};
// Above all kinds, where the kernel's tables have them, too (asserted in agent/kernel/hooks.cc).
inline constexpr uint32_t kAsksForDigests = 1 << 17;
inline constexpr uint32_t kAsksForAgents = 1 << 24;
inline constexpr uint32_t kAsksForNames = 1 << 25;

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_CAPABILITY_H_
