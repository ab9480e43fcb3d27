// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_COMPILE_H_
#define NESTOR_AGENT_POLICY_COMPILE_H_

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/document.h"

namespace nestor {

// Makes one generation of all policies. A rule with several port ranges, with both addresses and
// unix paths, or with exceptions that ask for several things at once becomes several rules of the
// same name; `default: deny` becomes rules named `default`. Exceptions are taken as they stand,
// expired ones too (see expiry.h). The rules come out in the order in which they decide: the most
// specific selector first, then kill, deny, allow and default; what is equal as it was read.
// Error: kResourceExhausted: more than kMaxRules rules, or a union of patterns that the
// kernel's tables have no room for (tables.h), and the message names the rules at fault;
// kInvalidArgument: a rule that can match nothing; kUnimplemented: one that this build's kernel
// side does not decide. Both name the rule's place. `agents`: those that the node knows, of which
// rules may ask; empty: they are not known here, so that such rules can be evaluated, but not
// loaded. Thread: any.
Result<CompiledPolicies> Compile(const std::vector<PolicyDocument>& policies, uint64_t generation,
                                 const KnownAgents& agents = {});

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_COMPILE_H_
