// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_HOOK_HOOK_SERVER_OPTIONS_H_
#define NESTOR_AGENT_HOOK_HOOK_SERVER_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <string>

namespace nestor {

struct HookServerOptions {
  std::string socket = "/run/nestor/hook.sock";  // empty: no hook is answered
  size_t questions = 4;                          // answered at a time, a thread each
  std::chrono::milliseconds speak_time{2000};    // that a hook has to ask its question
};

}  // namespace nestor

#endif  // NESTOR_AGENT_HOOK_HOOK_SERVER_OPTIONS_H_
