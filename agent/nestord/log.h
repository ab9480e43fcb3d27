// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_LOG_H_
#define NESTOR_AGENT_NESTORD_LOG_H_

#include <string>

namespace nestor {

// Logs go to stderr, one line each, UTC, for journald and the container runtime. `level` is a word
// of Config::log_level. Thread: main, before others start; again at a reload.
void SetUpLog(const std::string& level);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_LOG_H_
