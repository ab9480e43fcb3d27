// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_AGENTS_CONFIG_H_
#define NESTOR_AGENT_NESTORD_AGENTS_CONFIG_H_

#include "agent/agents/signature.h"
#include "agent/base/strict_yaml.h"

namespace nestor {

// The part `agents` of nestord.yaml. Faults go to `yaml`.
void ReadAgents(StrictYaml& yaml, const YAML::Node& node, AgentOptions& options);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_AGENTS_CONFIG_H_
