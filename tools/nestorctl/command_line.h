// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_COMMAND_LINE_H_
#define NESTOR_TOOLS_NESTORCTL_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <vector>

#include "tools/nestorctl/options.h"

namespace nestor::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// What to run, or what to print before exiting: help on `out`, a usage error on `err`.
struct ParsedCommandLine {
  std::optional<Options> options;
  int exit_code = kExitOk;
  std::string out;
  std::string err;
};

// `arguments` without the program's name. Reads NESTOR_SOCKET where --socket is not given.
ParsedCommandLine ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_COMMAND_LINE_H_
