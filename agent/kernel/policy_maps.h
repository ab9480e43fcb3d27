// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_POLICY_MAPS_H_
#define NESTOR_AGENT_KERNEL_POLICY_MAPS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/tables.h"

namespace nestor {

// The kernel's policy tables (bpf/policy.bpf.h). Two slots: the idle one is filled, then one word
// makes it the one in force. Thread: pipeline only.
class PolicyMaps {
 public:
  struct Fds {
    int dfas, dfa_cells, rule_sets, event_rules, rules, default_rules, container_rules, cidrs,
        digests, user_lists, agent_numbering;
    int containers;  // the kernel's own list
  };

  // The kernel's policy_generation, policy_changes, policy_fingerprint, agents_stamp and
  // names_asked, in mapped memory.
  struct Words {
    volatile uint64_t *generation, *changes, *fingerprint;
    volatile uint32_t *agents_stamp, *names_asked;
  };

  // An earlier nestord's tables and words are gone on with.
  PolicyMaps(Fds fds, Words words);

  // See Probes::LoadPolicies.
  Status Load(const CompiledPolicies& policies,
              const std::vector<std::pair<CgroupId, ContainerRules>>& containers);
  // The kinds of events that the rules in force are of, an earlier nestord's too: bits (1 << enum
  // nestor_rule_event).
  uint32_t EventsInForce() const;
  Status SetContainer(CgroupId container, const ContainerRules& rules);
  Status RemoveContainer(CgroupId container);

 private:
  Status WriteAutomata(uint32_t slot, const PolicyTables& tables);
  Status WriteRules(uint32_t slot, const PolicyTables& tables);
  Status WriteContainer(uint32_t slot, CgroupId container, const nestor_applying& rules);
  Status WriteUnnamed(uint32_t slot, const nestor_applying& defaults, bool same_policies,
                      const std::vector<std::pair<CgroupId, ContainerRules>>& named);
  Result<uint32_t> WriteAgents(uint32_t slot, uint64_t fingerprint, uint64_t generation);
  void TellChange();

  Fds fds_;
  Words words_;
  uint64_t loaded_;
  EventRules events_{};     // of the generation in force
  int64_t swapped_ns_ = 0;  // when the generation in force came, CLOCK_MONOTONIC
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_POLICY_MAPS_H_
