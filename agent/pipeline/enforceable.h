// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_
#define NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_

#include <string>
#include <vector>

#include "agent/event/capability.h"
#include "agent/policy/compiled.h"

namespace nestor {

// What a rule does not hold for on this kernel: each hook that judges its kind and is not attached,
// with what is lost. Empty: it holds for all. Thread: any.
std::string WhyUnenforceable(const CompiledRule& rule, const std::vector<Capability>& capabilities);

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_
