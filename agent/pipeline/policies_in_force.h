// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_POLICIES_IN_FORCE_H_
#define NESTOR_AGENT_PIPELINE_POLICIES_IN_FORCE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/api/node.h"
#include "agent/kernel/probes.h"
#include "agent/pipeline/kept_names.h"
#include "agent/policy/policy_set.h"
#include "agent/workload/workload_index.h"

namespace nestor {

// The policy set that the kernel applies, which containers have which of its rules, and the names
// of rules that verdicts under way still refer to. Thread: pipeline only.
class PoliciesInForce {
 public:
  // kept_containers: so many that ended are known by name; of a chain that left an older one it is
  // not known where it came from.
  // earlier: the names of rules that earlier starts had in force.
  PoliciesInForce(Probes& probes, size_t kept_containers, std::vector<GenerationNames> earlier = {})
      : probes_(probes), kept_containers_(kept_containers), earlier_(std::move(earlier)) {}

  uint64_t generation() const { return sets_.empty() ? 0 : sets_.back()->compiled.generation; }

  // Swaps the kernel to `set`. Error: the set before stays in force.
  Status Install(std::shared_ptr<const PolicySet> set);
  // A container's names are known: its rules replace the default set.
  Status NameContainer(const NamedContainer& container);
  // Nothing runs in it any more.
  Status Ended(CgroupId container);
  // Ended containers that were forgotten while rules asked for containers that chains left.
  uint64_t forgotten() const { return forgotten_; }

  // Counts a verdict whose rule FillVerdict named. Kept by name, over all generations.
  void Count(const VerdictInfo& verdict, uint64_t time_ns);

  // Names the rule of a verdict, also of a generation that an earlier nestord had in force. One
  // that is no longer kept leaves its number as the name.
  void FillVerdict(uint64_t generation, uint32_t rule, VerdictInfo& verdict) const;
  // For status: what is loaded, and which rules this kernel cannot apply.
  std::vector<LoadedPolicyInfo> Loaded() const;
  std::vector<std::string> Errors() const;

 private:
  static constexpr size_t kKeptSets = 4;

  // nullptr: no longer, or never, known here.
  const PolicySet* Find(uint64_t generation) const;
  RuleHits HitsOf(const std::string& policy, const std::string& rule) const;
  LoadedPolicyInfo Describe(const PolicySummary& policy) const;

  Probes& probes_;
  const size_t kept_containers_;
  uint64_t forgotten_ = 0;
  const std::vector<GenerationNames> earlier_;
  std::deque<std::shared_ptr<const PolicySet>> sets_;  // the last is in force
  std::shared_ptr<const PolicySet> inherited_;  // the same as what an earlier nestord had in force
  std::unordered_map<CgroupId, NamedContainer> containers_;
  std::deque<CgroupId> ended_;                                    // of these, oldest first
  std::map<std::pair<std::string, std::string>, RuleHits> hits_;  // by policy and rule
};

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_POLICIES_IN_FORCE_H_
