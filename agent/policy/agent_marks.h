// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_AGENT_MARKS_H_
#define NESTOR_AGENT_POLICY_AGENT_MARKS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/dfa.h"

namespace nestor {

inline constexpr size_t kMaxAgents = 47;  // NESTOR_AGENTS

// What the kernel tells agents by: which ones a new program is. Made of signatures by
// agent/agents/marks.h; a set of its automata is not of rules, but in words of 64 bits: see
// NESTOR_AGENT_IS and what follows in bpf/abi.h.
struct AgentMarks {
  std::vector<std::string> names;               // index = bit; at most kMaxAgents
  std::map<std::string, std::string> unmarked;  // agents that it cannot tell, and why
  Dfa path;                                     // over the executable's path
  Dfa run;                                      // over a runner's argv, from state 1 + runner on
  Dfa argv;                                     // over argv
};

// The node's agents, made when a rule asks for some: it takes a second. Thread: any.
using KnownAgents = std::function<Result<std::shared_ptr<const AgentMarks>>()>;

// Whether a list of `through.agents`, names or globs of names, has this one. Thread: any.
bool NamesAgent(const std::vector<std::string>& list, std::string_view name);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_AGENT_MARKS_H_
