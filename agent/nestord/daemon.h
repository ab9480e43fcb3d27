// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_DAEMON_H_
#define NESTOR_AGENT_NESTORD_DAEMON_H_

#include <string>

#include "agent/base/result.h"
#include "agent/nestord/config.h"

namespace nestor {

// Wires the stages and runs until SIGTERM or SIGINT; SIGHUP reads the policies and the log level
// anew. Error: what kept it from starting or working. Thread: main; blocks these signals for all
// threads made later.
Status RunDaemon(const Config& config, const std::string& config_file);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_DAEMON_H_
