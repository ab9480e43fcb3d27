// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_POLICY_SET_H_
#define NESTOR_AGENT_POLICY_POLICY_SET_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"

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
};

// Reads and compiles every *.yaml of `directory`, in name order. A missing directory gives an empty
// set. Error: a union of patterns too large for the kernel's tables (names the rules at fault).
// Thread: any.
Result<PolicySet> LoadPolicySet(const std::string& directory, uint64_t generation);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_POLICY_SET_H_
