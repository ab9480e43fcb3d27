// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_FINGERPRINT_H_
#define NESTOR_AGENT_POLICY_FINGERPRINT_H_

#include <cstdint>

#include "agent/policy/compiled.h"

namespace nestor {

// A hash of all that a compiled set says, its generation left out: two starts of nestord that read
// the same policies give the same, and their rules the same numbers. Never 0. Thread: any.
uint64_t FingerprintOf(const CompiledPolicies& policies);

// A hash of which agents these are and what they are known by. Never 0. Thread: any.
uint64_t FingerprintOf(const AgentMarks& marks);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_FINGERPRINT_H_
