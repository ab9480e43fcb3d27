// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_POLICY_MAPS_H_
#define NESTOR_AGENT_KERNEL_POLICY_MAPS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"

namespace nestor {

// The kernel's policy tables (bpf/policy.bpf.h). Two slots: the idle one is filled, then one word
// makes it the one in force. Thread: pipeline only.
class PolicyMaps {
 public:
  struct Fds {
    int dfa_rows, dfa_accepts, event_rules, rules, default_rules, container_rules, cidrs;
    int containers;  // the kernel's own list
  };

  // `generation` and `fingerprint` are the kernel's policy_generation and policy_fingerprint in
  // mapped memory; an earlier nestord's are gone on with.
  PolicyMaps(Fds fds, volatile uint64_t* generation, volatile uint64_t* fingerprint);

  // See Probes::LoadPolicies.
  Status Load(const CompiledPolicies& policies,
              const std::vector<std::pair<CgroupId, RuleBits>>& containers);
  Status SetContainer(CgroupId container, const RuleBits& rules);
  Status RemoveContainer(CgroupId container);

 private:
  Status WriteDfa(uint32_t kind, uint32_t slot, const Dfa& dfa);
  Status WriteRules(uint32_t slot, const CompiledPolicies& policies);
  Status WriteCidrs(uint32_t slot, const std::vector<CidrRule>& cidrs);
  Status WriteContainer(uint32_t slot, CgroupId container, const RuleBits& rules);
  Status WriteUnnamed(uint32_t slot, const CompiledPolicies& policies, bool same_policies,
                      const std::vector<std::pair<CgroupId, RuleBits>>& named);
  void ClearCidrs(uint32_t slot);

  Fds fds_;
  volatile uint64_t* generation_;
  volatile uint64_t* fingerprint_;
  uint64_t loaded_;
  int64_t swapped_ns_ = 0;  // when the generation in force came, CLOCK_MONOTONIC
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_POLICY_MAPS_H_
