// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_DOCUMENT_H_
#define NESTOR_AGENT_POLICY_DOCUMENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/address.h"
#include "agent/policy/compiled.h"
#include "agent/policy/glob.h"

namespace nestor {

struct PortRange {
  uint16_t min = 0;
  uint16_t max = 65535;
};

// One rule of a policy file, its values checked and its patterns parsed.
struct RuleDocument {
  std::string name;
  std::string message;
  Action action = Action::kDeny;
  RuleEvent event = RuleEvent::kExec;
  std::vector<Pattern> paths;       // exec, open: any of them
  std::vector<Pattern> exceptions;  // open: executables that the rule is not for
  std::vector<Pattern> args;        // exec: one argv pattern for each list of arguments
  std::vector<Cidr> cidrs;          // connect
  std::vector<Pattern> unix_paths;  // connect
  std::vector<PortRange> ports;     // connect
  uint8_t access = 3;               // open: 1 read, 2 write
};

// A policy file's `kind: ChainPolicy` document.
struct PolicyDocument {
  std::string name;
  std::string file;
  Mode mode = Mode::kAudit;
  WorkloadSelector selector;
  bool while_unknown = true;
  uint32_t origin_mask = 0;
  uint32_t min_depth = 0;
  uint32_t max_depth = 0xffffffff;
  std::vector<RuleDocument> rules;
};

// Reads the policies of one file's text. `file` is only named. Error: anything that is not exactly
// a policy, as "file:line:column: reason", with the nearest right word for an unknown one. The
// first fault ends it: a file is taken whole or not at all. Thread: any.
Result<std::vector<PolicyDocument>> ParsePolicies(std::string_view text, const std::string& file);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_DOCUMENT_H_
