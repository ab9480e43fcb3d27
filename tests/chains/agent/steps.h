// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_STEPS_H_
#define NESTOR_TESTS_CHAINS_AGENT_STEPS_H_

#include <string_view>

namespace nestor::chains {

// A server never waits for those it calls: it would hold up its other callers, and two servers
// could wait for each other.
enum class Role { kClient, kServer };

// Does the task's steps one by one in this thread; the first that crosses a boundary takes the rest
// along.
//   leaf HOW MARKER          starts a leaf, which writes its marker and the path to the truth file
//   connect HOPS ADDRESS     hands the rest to a server, from this very process; with a third word
//   `split`, in two parts agent HOW                hands the rest to a new process of this program
//   leave HOP POD            leaves the rest to that pod's cron, in a file: its path begins anew
//   exec HOPS WORD...        hands the rest to a command, on its stdin: ssh, su, nsenter, socat,
//   bash
// False, and a line on stderr, when a step fails.
bool Run(std::string_view text, Role role);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_STEPS_H_
