// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_PROCESS_H_
#define NESTOR_TESTS_CHAINS_AGENT_PROCESS_H_

#include <string>
#include <string_view>
#include <vector>

namespace nestor::chains {

constexpr char kProgram[] = "/chains/bin/agent";

// Starts `program` with `argv` and gives it `input` on its stdin; waits for no end. How:
//   plain   fork, exec
//   spawn   posix_spawn: the child shares memory until its exec
//   double  the child forks and ends; the grandchild waits until it is an orphan, then becomes the
//   program brief   the child forks and ends at once: who is first, its end or the grandchild's
//   exec, is chance
// False when the process could not be made.
bool Start(std::string_view how, const std::string& program, std::vector<std::string> argv,
           const std::string& input);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_PROCESS_H_
