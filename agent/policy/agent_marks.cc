// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/agent_marks.h"

#include <algorithm>

#include "agent/policy/glob.h"

namespace nestor {

bool NamesAgent(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::any_of(list, [name](const std::string& glob) {
    const Result<Pattern> pattern = ParseGlob(glob, GlobKind::kArgument);
    return pattern && PatternMatches(*pattern, name);
  });
}

}  // namespace nestor
