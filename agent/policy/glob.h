// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_GLOB_H_
#define NESTOR_AGENT_POLICY_GLOB_H_

#include <cstdint>
#include <string_view>

#include "agent/base/result.h"
#include "agent/policy/pattern.h"

namespace nestor {

inline constexpr size_t kMaxGlobBytes = 1024;

enum class GlobKind : uint8_t {
  kPath,  // `*`, `?` and `[…]` stay within one path component, `**` crosses them; `/**/` is also
          // `/`
  kArgument,  // one argument of a command: `/` is an ordinary byte, so `*` and `**` are the same
};

// Compiles a glob: `*`, `**`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and `\` before a byte that shall
// stand for itself. Error: empty, longer than kMaxGlobBytes, an unfinished `[` or `\`, three stars
// in a row, a NUL; the message says at which character. Thread: any.
Result<Pattern> ParseGlob(std::string_view glob, GlobKind kind);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_GLOB_H_
