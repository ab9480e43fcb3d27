// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_OCI_HOOK_ASK_H_
#define NESTOR_TOOLS_OCI_HOOK_ASK_H_

#include <chrono>
#include <string>

#include "agent/base/result.h"

namespace nestor {

using Deadline = std::chrono::steady_clock::time_point;

// All of descriptor `fd`, up to kMaxHookStateBytes. Error: more, or not at its end at the deadline.
Result<std::string> ReadState(int fd, Deadline end);

// Asks the nestord behind `socket` to prepare the container; protocol.h. Returns when its rules, or
// at least its names, count. Error: why not.
Status AskNestord(const std::string& socket, const std::string& state, Deadline end);

}  // namespace nestor

#endif  // NESTOR_TOOLS_OCI_HOOK_ASK_H_
