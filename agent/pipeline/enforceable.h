// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_
#define NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_

#include <string>
#include <vector>

#include "agent/event/capability.h"
#include "agent/policy/subject.h"

namespace nestor {

// What rules of this kind do not hold for on this kernel: each hook that judges them and is not
// attached, with what is lost. Empty: they hold for all. Thread: any.
std::string WhyUnenforceable(RuleEvent event, const std::vector<Capability>& capabilities);

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_ENFORCEABLE_H_
