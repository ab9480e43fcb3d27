// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_OCI_HOOK_OPTIONS_H_
#define NESTOR_TOOLS_OCI_HOOK_OPTIONS_H_

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/hook/protocol.h"

namespace nestor {

struct HookOptions {
  bool help = false;
  std::string install;  // a path: copy this program there, and do nothing else
  std::string socket = kHookSocket;
  std::chrono::milliseconds timeout{2000};
  bool refuse = false;                         // the start, when nestord did not answer well
  std::vector<std::string> except_namespaces;  // never refused
};

// Error: what is wrong with which argument. `arguments` are those behind the program's name.
Result<HookOptions> ReadOptions(std::span<const char* const> arguments);

extern const char kHookHelp[];

}  // namespace nestor

#endif  // NESTOR_TOOLS_OCI_HOOK_OPTIONS_H_
