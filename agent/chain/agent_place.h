// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_AGENT_PLACE_H_
#define NESTOR_AGENT_CHAIN_AGENT_PLACE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "agent/event/agent_match.h"
#include "agent/event/process_key.h"

namespace nestor {

// An agent's place in its chain. Shared by all that run below it.
struct AgentPlace {
  ProcessKey process;
  std::string name;
  AgentForm form = AgentForm::kProgram;
  uint32_t depth = 1;  // 1: below no other agent
  ProcessKey above;    // the agent that it runs below; unknown: none
  std::string above_name;
};
using AgentPlacePtr = std::shared_ptr<const AgentPlace>;

// Where an agent stands that starts below `above` (null: none): one deeper, unless it is only the
// other half of that one, such as what npx has fetched, or a CI runner's worker. `parent`: who
// forked it. Thread: any.
AgentPlacePtr PlaceAgent(const AgentMatch& match, ProcessKey self, ProcessKey parent,
                         const AgentPlacePtr& above);

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_AGENT_PLACE_H_
