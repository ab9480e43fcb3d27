// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_COMPILE_H_
#define NESTOR_AGENT_POLICY_COMPILE_H_

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/document.h"

namespace nestor {

// Makes one generation of all policies. A rule with several port ranges, or with both addresses and
// unix paths, becomes several rules of the same name. Error kResourceExhausted: more than kMaxRules
// rules, or a union of patterns over NESTOR_DFA_STATES states; the message names the rules at
// fault. Thread: any.
Result<CompiledPolicies> Compile(const std::vector<PolicyDocument>& policies, uint64_t generation);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_COMPILE_H_
