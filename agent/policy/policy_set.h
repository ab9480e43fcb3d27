// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_POLICY_SET_H_
#define NESTOR_AGENT_POLICY_POLICY_SET_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/document.h"
#include "agent/policy/expiry.h"

namespace nestor {

struct PolicySummary {
  std::string name;
  std::string file;
  Mode mode = Mode::kAudit;
  int mode_line = 0;  // where the file says so; 0: nowhere
  uint32_t specificity = 0;
  bool default_deny = false;
  uint32_t rules = 0;
};

struct PolicySet {
  CompiledPolicies compiled;
  std::vector<PolicySummary> policies;
  std::vector<Error>
      errors;  // one bad file does not unload the good ones; each error has file:line:column
  // Exceptions that are over, paths that can never match or do in few images, each with
  // file:line:column; and files that are not read.
  std::vector<std::string> warnings;
  std::optional<Day> stale_on;  // the day on which an exception ends: load anew
  // What each file said when it was last fine; the first of two policies of one name counts.
  std::map<std::string, std::vector<PolicyDocument>> documents;
};

// Reads and compiles every *.yaml and *.yml of `directory` but *.test.yaml, in name order.
// Exceptions that ended before `today` do not count. A missing directory gives an empty set. A file
// that was fine in `before` and is not now counts as it was: a slip of the pen must not unlock what
// it guards. Error: a union of patterns too large for the kernel's tables (names the rules at
// fault). `agents`: those that the node knows, see Compile. Thread: any.
Result<PolicySet> LoadPolicySet(const std::string& directory, uint64_t generation,
                                const PolicySet* before = nullptr, Day today = Today(),
                                const KnownAgents& agents = {});

// The files that LoadPolicySet reads, in its order. Thread: any.
Result<std::vector<std::string>> PolicyFiles(const std::string& directory);

// What else lies in it and is left out, each with the reason, up to 20. Thread: any.
std::vector<std::string> NotPolicyFiles(const std::string& directory);

// A file's text, at most one byte more than a policy file may have. Thread: any.
Result<std::string> ReadPolicyFile(const std::string& file);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_POLICY_SET_H_
