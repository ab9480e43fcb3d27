// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/enforceable.h"

#include <algorithm>
#include <string_view>

namespace nestor {
namespace {

// Not known counts as not there.
bool IsAvailable(const std::vector<Capability>& capabilities, std::string_view name) {
  const auto found = std::ranges::find(capabilities, name, &Capability::name);
  return found != capabilities.end() && found->available;
}

}  // namespace

std::string WhyUnenforceable(const CompiledRule& rule,
                             const std::vector<Capability>& capabilities) {
  const RuleEvent event = rule.event;
  const std::string logins = std::string("hook:") +
                             (IsAvailable(capabilities, "bpf-lsm") ? "lsm" : "fentry") +
                             "_bprm_creds_for_exec";
  if (rule.users != 0 && !IsAvailable(capabilities, logins))
    return logins + " is not attached: who logs in is not known";
  if (!IsAvailable(capabilities, "bpf-lsm")) {
    if (event != RuleEvent::kExec) return "bpf is not among this kernel's active LSMs";
    if (rule.through_agents != 0 && !IsAvailable(capabilities, "hook:mark_agent"))
      return "hook:mark_agent is not attached";
    // An exec is ended at its start even where it cannot be refused.
    return IsAvailable(capabilities, "hook:decide_exec") ? "" : "hook:decide_exec is not attached";
  }
  std::string why;
  bool judged = false;
  const uint32_t needed =
      1U << static_cast<unsigned>(event) | (rule.digests.empty() ? 0 : kAsksForDigests) |
      (rule.through_agents == 0 ? 0 : kAsksForAgents) | (rule.asks_name ? kAsksForNames : 0);
  for (const Capability& capability : capabilities) {
    if (!(capability.rule_events & needed)) continue;
    judged = true;
    if (capability.available) continue;
    if (!why.empty()) why += "; ";
    why += capability.name + " is not attached: " + capability.effect;
  }
  return judged ? why : "no hook judges " + std::string(Name(event)) + " rules";
}

}  // namespace nestor
