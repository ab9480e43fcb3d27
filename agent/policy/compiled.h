// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_COMPILED_H_
#define NESTOR_AGENT_POLICY_COMPILED_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/event/event.h"
#include "agent/event/vocabulary.h"

namespace nestor {

inline constexpr size_t kMaxRules = 256;  // NESTOR_MAX_RULES
using RuleBits = std::bitset<kMaxRules>;

enum class RuleEvent : uint8_t { kExec = 1, kOpen = 2, kConnect = 3 };

// A deterministic automaton over bytes. State 0 is dead, state 1 the start. accept[s] is non-empty
// when the input read so far is matched by those rules. Patterns are anchored at both ends when
// built (a glob spells out its own stars).
struct Dfa {
  std::vector<std::array<uint16_t, 256>> next;
  std::vector<RuleBits> accept;
};

// An address prefix as the kernel's trie takes it. The trie finds only the longest prefix, so
// `rules` holds also those of every shorter prefix that covers this one.
struct CidrRule {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
  uint8_t prefix_len = 0;
  RuleBits rules;
};

// Which workloads a rule is for. Empty: all pods of the node. Values of one list are alternatives
// (globs); lists must all match.
struct WorkloadSelector {
  std::vector<std::string> namespaces;
  std::vector<std::string> pods;
  std::vector<std::string> containers;
  std::map<std::string, std::string> labels;
};

struct CompiledRule {
  std::string policy;
  std::string name;
  std::string message;
  RuleEvent event = RuleEvent::kExec;
  Action action = Action::kDeny;
  Mode mode = Mode::kAudit;
  uint32_t min_depth = 0;
  uint32_t max_depth = 0xffffffff;
  uint32_t origin_mask = 0;  // bit (1 << HopKind); 0: any
  bool need_path = false;
  bool need_argv = false;
  bool need_cidr = false;
  bool while_unknown = true;  // applies to containers whose workload is not known yet
  uint8_t access = 3;         // open: 1 read, 2 write
  uint16_t port_min = 0;
  uint16_t port_max = 65535;
  WorkloadSelector selector;
};

// One generation: everything the kernel needs, and the names that user space joins to a verdict's
// rule index.
struct CompiledPolicies {
  uint64_t generation = 0;
  std::vector<CompiledRule> rules;  // index = bit
  Dfa exec_path;                    // over the resolved path of the executable
  Dfa argv;                         // over argv joined by NUL, with a final NUL
  Dfa open_path;                    // over the resolved path of the file
  Dfa unix_path;                    // over the unix socket's path; abstract names start with '@'
  Dfa except_path;                  // over the path of the program that opens: rules that spare it
  std::vector<CidrRule> cidrs;
  RuleBits default_rules;  // for containers whose workload is not known yet: every rule that could
                           // apply and does not say `whileUnknown: skip`
};

// The rules that apply to this workload (labels: the pod's). Thread: any.
RuleBits RulesFor(const CompiledPolicies& policies, const Workload& workload,
                  const std::map<std::string, std::string>& labels);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_COMPILED_H_
