// SPDX-License-Identifier: Apache-2.0
// What agents are known by, for the kernel.
#ifndef NESTOR_AGENT_AGENTS_MARKS_H_
#define NESTOR_AGENT_AGENTS_MARKS_H_

#include <string>
#include <vector>

#include "agent/agents/signature.h"
#include "agent/base/result.h"
#include "agent/policy/agent_marks.h"

namespace nestor {

// The signatures as automata over what the kernel sees of an exec. They tell what
// AgentRecogniser tells, but for this:
//   - a program that several signatures know is all of these agents, not the first alone;
//   - signatures that ask for an image count for nothing: the kernel knows no images;
//   - a glob with `/` that does not begin with `@` is compared to paths, not to packages;
//   - a script of a package that lies inside an agent's package is that agent;
//   - there may be any number of runners in a row, and in a version of a package's name, which a
//     glob may match, too, anything.
// So what it is told to be by exe and args alone the kernel knows as well. Error: a glob that is
// none, more signatures with `args` of one name than NESTOR_AGENT_WITH_MOST, or automata that are
// too large. Thread: any.
Result<AgentMarks> MakeAgentMarks(const AgentOptions& options);

// Which agents the marks say that a program is, as the kernel reads them: bits of
// AgentMarks::names. Thread: any.
uint64_t AgentsOf(const AgentMarks& marks, const std::string& exe,
                  const std::vector<std::string>& argv);

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_MARKS_H_
