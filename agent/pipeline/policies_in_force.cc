// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/policies_in_force.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "agent/pipeline/enforceable.h"
#include "agent/policy/fingerprint.h"

namespace nestor {
namespace {

ContainerRules RulesOf(const CompiledPolicies& policies, const NamedContainer& container) {
  return {RulesFor(policies, container.workload, container.labels),
          PlacesOf(policies, container.workload)};
}

}  // namespace

Status PoliciesInForce::Install(std::shared_ptr<const PolicySet> set) {
  std::vector<std::pair<CgroupId, ContainerRules>> rules;
  rules.reserve(containers_.size());
  for (const auto& [cgroup, container] : containers_) {
    rules.emplace_back(cgroup, RulesOf(set->compiled, container));
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
  return probes_.SetContainerRules(container.cgroup, RulesOf(sets_.back()->compiled, container));
}

// Chains that left it may live on, and rules ask where they came from.
Status PoliciesInForce::Ended(CgroupId container) {
  if (!containers_.contains(container)) return probes_.RemoveContainer(container);
  if (std::ranges::find(ended_, container) != ended_.end()) return {};
  ended_.push_back(container);
  if (ended_.size() <= kept_containers_) return {};
  if (!sets_.empty() && !sets_.back()->compiled.places.empty()) ++forgotten_;
  const CgroupId oldest = ended_.front();
  ended_.pop_front();
  containers_.erase(oldest);
  return probes_.RemoveContainer(oldest);
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
    verdict.severity = found.severity;
    verdict.tags = found.tags;
    return;
  }
  for (const GenerationNames& names : earlier_) {
    if (names.generation != generation || rule >= names.rules.size()) continue;
    const RuleNames& found = names.rules[rule];
    verdict.rule = found.rule;
    verdict.policy = found.policy;
    verdict.message = found.message;
    verdict.severity = found.severity;
    verdict.tags = found.tags;
    return;
  }
  verdict.rule = std::to_string(rule);
  verdict.policy = "generation " + std::to_string(generation);
}

void PoliciesInForce::Count(const VerdictInfo& verdict, uint64_t time_ns) {
  constexpr size_t kMostRules = 4096;  // names of rules long gone stay until nestord ends
  const auto key = std::pair(verdict.policy, verdict.rule);
  if (hits_.size() >= kMostRules && !hits_.contains(key)) return;
  RuleHits& hits = hits_[key];
  const bool denies = verdict.action == Action::kDeny || verdict.action == Action::kKill;
  ++hits.verdicts;
  hits.denials += verdict.applied;
  hits.would_be_denials += denies && verdict.mode == Mode::kAudit;
  hits.last_ns = std::max(hits.last_ns, time_ns);
}

RuleHits PoliciesInForce::HitsOf(const std::string& policy, const std::string& rule) const {
  const auto found = hits_.find({policy, rule});
  return found == hits_.end() ? RuleHits() : found->second;
}

LoadedPolicyInfo PoliciesInForce::Describe(const PolicySummary& policy) const {
  LoadedPolicyInfo info;
  info.name = policy.name;
  info.file = policy.file;
  info.mode = Name(policy.mode);
  info.rules = policy.rules;
  info.mode_line = static_cast<uint32_t>(policy.mode_line);
  info.selects = SpecificityText(policy.specificity);
  info.default_deny = policy.default_deny;
  std::set<std::string> known;  // a rule may stand for several in the kernel
  for (const CompiledRule& rule : sets_.back()->compiled.rules) {
    if (rule.policy != policy.name || !known.insert(rule.name).second) continue;
    const std::string why = WhyUnenforceable(rule, probes_.capabilities());
    if (!why.empty()) info.unenforceable.push_back(rule.name + ": " + why);
    const RuleHits hits = HitsOf(policy.name, rule.name);
    info.hits.verdicts += hits.verdicts;
    info.hits.denials += hits.denials;
    info.hits.would_be_denials += hits.would_be_denials;
    info.hits.last_ns = std::max(info.hits.last_ns, hits.last_ns);
    info.details.push_back({rule.name, std::string(Name(rule.event)),
                            std::string(Name(rule.action)), rule.severity, rule.tags,
                            static_cast<uint32_t>(rule.line), hits});
  }
  std::sort(info.details.begin(), info.details.end(),
            [](const LoadedRuleInfo& a, const LoadedRuleInfo& b) {
              return std::tuple(a.name == kDefaultRule, a.line) <
                     std::tuple(b.name == kDefaultRule, b.line);
            });
  return info;
}

std::vector<LoadedPolicyInfo> PoliciesInForce::Loaded() const {
  std::vector<LoadedPolicyInfo> loaded;
  if (sets_.empty()) return loaded;
  for (const PolicySummary& policy : sets_.back()->policies) loaded.push_back(Describe(policy));
  return loaded;
}

std::vector<std::string> PoliciesInForce::Errors() const {
  std::vector<std::string> errors;
  if (sets_.empty()) return errors;
  for (const Error& error : sets_.back()->errors) errors.push_back(error.message);
  for (const std::string& warning : sets_.back()->warnings) errors.push_back(warning);
  return errors;
}

}  // namespace nestor
