// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/policies_in_force.h"

#include <algorithm>
#include <string>

#include "agent/policy/fingerprint.h"

namespace nestor {
namespace {

bool IsAvailable(const std::vector<Capability>& capabilities, const std::string& name) {
  return std::any_of(capabilities.begin(), capabilities.end(), [&](const Capability& capability) {
    return capability.name == name && capability.available;
  });
}

// The hook that refuses what a rule denies.
std::string HookOf(RuleEvent event) {
  switch (event) {
    case RuleEvent::kExec:
      return "hook:decide_bprm";
    case RuleEvent::kOpen:
      return "hook:decide_open";
    case RuleEvent::kConnect:
      return "hook:decide_connect";
  }
  return "";
}

std::string WhyUnenforceable(const CompiledRule& rule,
                             const std::vector<Capability>& capabilities) {
  // An exec is ended at its start even where it cannot be refused.
  const std::string hook = rule.event == RuleEvent::kExec && !IsAvailable(capabilities, "bpf-lsm")
                               ? "hook:decide_exec"
                               : HookOf(rule.event);
  if (rule.event != RuleEvent::kExec && !IsAvailable(capabilities, "bpf-lsm")) {
    return "bpf is not among this kernel's active LSMs";
  }
  return IsAvailable(capabilities, hook) ? "" : hook + " is not attached";
}

}  // namespace

Status PoliciesInForce::Install(std::shared_ptr<const PolicySet> set) {
  std::vector<std::pair<CgroupId, RuleBits>> rules;
  rules.reserve(containers_.size());
  for (const auto& [cgroup, container] : containers_) {
    rules.emplace_back(cgroup, RulesFor(set->compiled, container.workload, container.labels));
  }
  if (Status status = probes_.LoadPolicies(set->compiled, rules); !status) return status;
  if (sets_.empty() && probes_.inheritance().policy_fingerprint == FingerprintOf(set->compiled)) {
    inherited_ = set;
  }
  sets_.push_back(std::move(set));
  if (sets_.size() > kKeptSets) sets_.pop_front();
  return {};
}

Status PoliciesInForce::NameContainer(const NamedContainer& container) {
  containers_[container.cgroup] = container;
  if (sets_.empty()) return {};
  return probes_.SetContainerRules(
      container.cgroup, RulesFor(sets_.back()->compiled, container.workload, container.labels));
}

Status PoliciesInForce::Forget(CgroupId container) {
  containers_.erase(container);
  return probes_.RemoveContainer(container);
}

const PolicySet* PoliciesInForce::Find(uint64_t generation) const {
  for (const auto& set : sets_) {
    if (set->compiled.generation == generation) return set.get();
  }
  return generation == probes_.inheritance().policy_generation ? inherited_.get() : nullptr;
}

void PoliciesInForce::FillVerdict(uint64_t generation, uint32_t rule, VerdictInfo& verdict) const {
  const PolicySet* set = Find(generation);
  if (set && rule < set->compiled.rules.size()) {
    const CompiledRule& found = set->compiled.rules[rule];
    verdict.rule = found.name;
    verdict.policy = found.policy;
    verdict.message = found.message;
    return;
  }
  verdict.rule = std::to_string(rule);
  verdict.policy = "generation " + std::to_string(generation);
}

std::vector<LoadedPolicyInfo> PoliciesInForce::Loaded() const {
  std::vector<LoadedPolicyInfo> loaded;
  if (sets_.empty()) return loaded;
  for (const PolicySummary& policy : sets_.back()->policies) {
    LoadedPolicyInfo info{
        policy.name, policy.file, std::string(Name(policy.mode)), policy.rules, {}};
    for (const CompiledRule& rule : sets_.back()->compiled.rules) {
      if (rule.policy != policy.name) continue;
      const std::string why = WhyUnenforceable(rule, probes_.capabilities());
      if (!why.empty()) info.unenforceable.push_back(rule.name + ": " + why);
    }
    loaded.push_back(std::move(info));
  }
  return loaded;
}

std::vector<std::string> PoliciesInForce::Errors() const {
  std::vector<std::string> errors;
  if (sets_.empty()) return errors;
  for (const Error& error : sets_.back()->errors) errors.push_back(error.message);
  return errors;
}

}  // namespace nestor
