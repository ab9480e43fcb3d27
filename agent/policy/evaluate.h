// SPDX-License-Identifier: Apache-2.0
// What the policies say of one act: the reference for the kernel's judge (bpf/judge.bpf.h), and
// what `nestorctl policy test`, `explain` and `replay` use.
//
// The rules that match are asked in their order (compile.h). One that says `audit` reports only.
// The first in force that says allow, deny or kill has the last word; a deny or kill behind an
// allow is overruled and not reported. Policies in audit mode are judged the same way, as if all
// policies were in force: what would be denied is reported. Nothing that matches: allowed.
#ifndef NESTOR_AGENT_POLICY_EVALUATE_H_
#define NESTOR_AGENT_POLICY_EVALUATE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/policy/compiled.h"
#include "agent/policy/subject.h"

namespace nestor {

// What became of a rule that matched.
enum class Outcome : uint8_t {
  kDecides,    // had the last word, in force
  kWouldDeny,  // denies or kills, but its policy is in audit mode
  kReports,    // reported: says audit, or another rule in force had denied before
  kAllows,     // an allow that did not have the last word
  kOverruled,  // a deny or kill behind an allow
};

struct Hit {
  size_t rule = 0;  // index into CompiledPolicies::rules
  Outcome outcome = Outcome::kReports;
};

struct Judgement {
  Action action = Action::kAllow;  // allow, deny or kill: what happens
  std::optional<size_t> rule;      // that said so; none: nothing matched
  Action would = Action::kAllow;   // what would happen if all policies were in force
  std::optional<size_t> would_rule;
  std::vector<Hit> hits;  // all rules that matched, in the order in which they were asked
};

// Thread: any.
Judgement Evaluate(const CompiledPolicies& policies, const Subject& subject);

// "denied by shop/no-tunnels": the sentence for people, with the reason when another rule lost.
std::string Why(const CompiledPolicies& policies, const Judgement& judgement);

// "policy/rule".
std::string NameOf(const CompiledRule& rule);

// argv as the kernel's automaton reads it: each argument followed by a NUL.
std::string JoinedArgv(const std::vector<std::string>& argv);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_EVALUATE_H_
