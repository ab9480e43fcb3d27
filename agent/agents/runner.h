// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_AGENTS_RUNNER_H_
#define NESTOR_AGENT_AGENTS_RUNNER_H_

#include <span>
#include <string_view>

#include "agent/event/agent_match.h"

namespace nestor {

// How a program that runs others is told which one.
struct Runner {
  using Words = std::span<const std::string_view>;
  Words names;            // of its file
  bool numbered;          // a version may follow the name: python3.11
  AgentForm form;         // of what it runs
  Words commands;         // one of these comes first: npm exec; none: no command is needed
  Words more_commands;    // may stand there, too: uv tool run, bun run
  Words with_value;       // options whose value is the next argument
  std::string_view code;  // letters of the options that give code instead of a program: -c, -e
};

// All that are known; of several that have a name the first counts. Thread: any.
std::span<const Runner> Runners();

// The options of any of them that give code instead of a program.
Runner::Words CodeOptions();

// The folders whose entries are packages, the first that a path has counts.
Runner::Words PackageFolders();

// What may stand before a package's name.
inline constexpr std::string_view kPackageScheme = "npm:";

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_RUNNER_H_
