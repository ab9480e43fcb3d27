// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_AGENTS_PROGRAM_H_
#define NESTOR_AGENT_AGENTS_PROGRAM_H_

#include <string_view>
#include <vector>

#include "agent/event/agent_match.h"
#include "agent/event/event.h"

namespace nestor {

// One program that a process runs.
struct Program {
  std::string_view path;     // as given, without a package's version: "@openai/codex"
  std::string_view package;  // that its file belongs to, by the folder it lies in; empty: none
  AgentForm form = AgentForm::kProgram;  // how it is run
};

// The programs that a process runs, outermost first: its executable, then what that one as an
// interpreter or package runner was given to run, and so on: node, npx, @openai/codex. Views into
// `process`. Cost: O(arguments). Thread: any.
std::vector<Program> ProgramsOf(const ProcessInfo& process);

// What follows the last `/`.
std::string_view BaseName(std::string_view path);

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_PROGRAM_H_
