// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_POLICY_SET_H_
#define NESTOR_AGENT_POLICY_POLICY_SET_H_

#include <map>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/document.h"

namespace nestor {

struct PolicySummary {
  std::string name;
  std::string file;
  Mode mode = Mode::kAudit;
  uint32_t rules = 0;
};

struct PolicySet {
  CompiledPolicies compiled;
  std::vector<PolicySummary> policies;
  std::vector<Error>
      errors;  // one bad file does not unload the good ones; each error has file:line:column
  // What each file said when it was last fine; the first of two policies of one name counts.
  std::map<std::string, std::vector<PolicyDocument>> documents;
};

// Reads and compiles every *.yaml of `directory`, in name order. A missing directory gives an empty
// set. A file that was fine in `before` and is not now counts as it was: a slip of the pen must not
// unlock what it guards. Error: a union of patterns too large for the kernel's tables (names the
// rules at fault). Thread: any.
Result<PolicySet> LoadPolicySet(const std::string& directory, uint64_t generation,
                                const PolicySet* before = nullptr);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_POLICY_SET_H_
