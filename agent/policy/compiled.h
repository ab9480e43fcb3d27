// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_COMPILED_H_
#define NESTOR_AGENT_POLICY_COMPILED_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/event/event.h"
#include "agent/event/vocabulary.h"
#include "agent/policy/agent_marks.h"
#include "agent/policy/dfa.h"
#include "agent/policy/selector.h"
#include "agent/policy/subject.h"

namespace nestor {

// What follows when a path or argv is too long to be inspected.
enum class OnTruncated : uint8_t { kDeny = 0, kAudit = 1 };

// An address prefix as the kernel's trie takes it. The trie finds only the longest prefix, so
// `rules` holds also those of every shorter prefix that covers this one.
struct CidrRule {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
  uint8_t prefix_len = 0;
  RuleBits rules;
};

// The name of the rules that `default: deny` stands for.
inline constexpr char kDefaultRule[] = "default";

// Any uid, or the same as before.
inline constexpr uint32_t kAnyUid = 0xffffffff;

// One rule as the kernel judges it. A rule of a file may become several, all of its name.
inline constexpr uint32_t kAnyDepth = 0xffffffff;

struct CompiledRule {
  std::string policy;
  std::string name;
  std::string file;  // where it is written
  int line = 0;
  std::string message;
  std::string severity;
  std::vector<std::string> tags;
  RuleEvent event = RuleEvent::kExec;
  Action action = Action::kDeny;
  Mode mode = Mode::kAudit;
  OnTruncated on_truncated = OnTruncated::kDeny;
  bool is_default = false;  // stands for `default: deny`, not for a rule that was written
  uint32_t specificity = 0;
  uint32_t min_depth = 0;
  uint32_t max_depth = kAnyDepth;
  uint32_t origin_mask = 0;   // bit (1 << HopKind); 0: any
  uint32_t through_hops = 0;  // the chain has a hop of one of these kinds; 0: not asked
  size_t through_place = 0;   // it left a container of places[this - 1]; 0: not asked
  size_t through_agents = 0;  // it came through one of agent_lists[this - 1]; 0: not asked
  uint64_t agents = 0;        // the same as bits of CompiledPolicies::marks
  size_t users = 0;           // one of user_lists[this - 1] logged in on its way; 0: not asked
  bool need_path = false;
  bool need_argv = false;
  bool need_cidr = false;
  bool asks_name = false;     // connect: one of the names that the peer's address is known by
  bool spares = false;        // has exceptions by executable: see except_path
  bool while_unknown = true;  // applies to containers whose workload is not known yet
  uint8_t access = 7;         // file: 1 read, 2 write, 4 another name
  uint8_t operations = 0;     // trace, namespace: bits of OperationWords; 0: any
  uint8_t kinds = 0;          // namespace: bits of NamespaceKindWords; 0: any
  uint64_t capabilities = 0;  // credential: gained, bits of CapabilityWords; 0: any, or none
  uint32_t to_uid = kAnyUid;  // credential
  uint16_t port_min = 0;
  uint16_t port_max = 65535;
  std::optional<Provenance> provenance;  // exec
  uint8_t traits = 0;                    // exec: bits (1 << ExecTrait), any of them; 0: not asked
  std::vector<std::string>
      digests;  // exec: SHA-256, any of them, as 64 hex digits; empty: not asked
  WorkloadSelector selector;
  std::vector<WorkloadSelector> except;  // workloads that it is not for

  // What a chain whose client is unknown does not tell: its origin and depth.
  bool asks_chain() const { return min_depth != 0 || max_depth != kAnyDepth || origin_mask != 0; }
};

// One generation: everything the kernel needs, and the names that user space joins to a verdict's
// rule index. The rules stand in the order in which they decide: the first in force that matches
// and says allow, deny or kill has the last word (evaluate.h).
struct CompiledPolicies {
  uint64_t generation = 0;
  std::vector<CompiledRule> rules;  // index = bit
  Dfa exec_path;                    // over the resolved path of the executable
  Dfa argv;                         // over argv joined by NUL, with a final NUL
  Dfa open_path;                    // over the resolved path of the file
  Dfa unix_path;                    // over the unix socket's path; abstract names start with '@'
  Dfa except_path;                  // over the path of the program that acts: rules that spare it
  Dfa dns_name;                     // over a name that the peer's address is known by
  std::vector<CidrRule> cidrs;
  std::map<std::string, RuleBits> digests;       // the rules that ask for each
  std::vector<std::vector<std::string>> places;  // lists of containers that chains come through
  std::vector<std::vector<std::string>> agent_lists;  // of names that chains come through
  std::vector<std::vector<std::string>> user_lists;   // who logged in on the way
  AgentMarks marks;  // of these and all others, where some rule asks; else empty
  // For containers whose workload is not known yet: every rule that could apply and does not say
  // `whileUnknown: skip`; of policies with a selector neither what they allow nor their default.
  RuleBits default_rules;
};

// The rules that apply to this workload (labels: the pod's). Thread: any.
RuleBits RulesFor(const CompiledPolicies& policies, const Workload& workload,
                  const std::map<std::string, std::string>& labels);

// Which lists of containers a workload is on: bits of CompiledPolicies::places. Thread: any.
uint64_t PlacesOf(const CompiledPolicies& policies, const Workload& workload);
inline constexpr size_t kMaxPlaces = 63;
// Its names are not known: it may be on any of them.
inline constexpr uint64_t kUnknownPlaces = uint64_t{1} << kMaxPlaces;

// Lists of users, different names on them, bytes of one.
inline constexpr size_t kMaxUserLists = 63, kMaxUsers = 4096, kMaxUserBytes = 63;

// What the kernel is told of a container.
struct ContainerRules {
  RuleBits rules;  // that apply in it
  uint64_t places = kUnknownPlaces;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_COMPILED_H_
