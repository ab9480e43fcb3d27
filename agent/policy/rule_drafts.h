// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_RULE_DRAFTS_H_
#define NESTOR_AGENT_POLICY_RULE_DRAFTS_H_

#include <vector>

#include "agent/policy/compiled.h"
#include "agent/policy/document.h"

namespace nestor {

// One rule as the kernel will have it, with its patterns still apart. What `less_…` match is taken
// out of the rule. The pointers lead into the documents.
struct RuleDraft {
  CompiledRule rule;
  const PolicyDocument* policy = nullptr;
  YamlMark mark;
  size_t order = 0;  // as it was read
  std::vector<const Pattern*> paths;
  std::vector<const Pattern*> less_paths;
  std::vector<const Pattern*> args;
  std::vector<const Pattern*> less_args;
  std::vector<Cidr> cidrs;
  std::vector<Cidr> less_cidrs;
  std::vector<const Pattern*> names;
  std::vector<const Pattern*> spared;  // executables

  // Whether the rule asks for a unix socket's path.
  bool unix_socket = false;
};

// The rules of all policies in the order in which they decide (compile.h). At most `most` and one
// more are made, so that the caller can see that there are too many. Thread: any.
std::vector<RuleDraft> DraftRules(const std::vector<PolicyDocument>& policies, size_t most);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_RULE_DRAFTS_H_
