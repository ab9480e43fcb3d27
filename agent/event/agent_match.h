// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_AGENT_MATCH_H_
#define NESTOR_AGENT_EVENT_AGENT_MATCH_H_

#include <cstdint>
#include <string>

namespace nestor {

// How a process is an agent: what its own program below it means depends on that.
enum class AgentForm : uint8_t {
  kProgram,    // its executable
  kScript,     // what an interpreter runs: `node /usr/bin/claude`
  kLauncher,   // what a package runner fetches and starts in a child: `npx @openai/codex`
  kService,    // one that starts its own program for each piece of work: a CI runner, sshd
  kContainer,  // the first process of a container of its image
};

// The known agent that a process is.
struct AgentMatch {
  std::string name;  // empty: none
  AgentForm form = AgentForm::kProgram;

  explicit operator bool() const { return !name.empty(); }
};

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_AGENT_MATCH_H_
