// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_UNINSTALL_H_
#define NESTOR_AGENT_NESTORD_UNINSTALL_H_

#include <ostream>

#include "agent/nestord/config.h"

namespace nestor {

// Takes out of the kernel what outlives nestord: attached programs, maps, the directory of their
// names; also the socket of one that was killed. Tells `out` what was removed, and what is left and
// why. Error: nestord runs, or something could not be removed. Thread: main.
Status Uninstall(const Config& config, std::ostream& out);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_UNINSTALL_H_
