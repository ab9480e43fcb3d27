// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_SUBJECT_H_
#define NESTOR_AGENT_POLICY_SUBJECT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/event/act.h"
#include "agent/event/event.h"
#include "agent/event/vocabulary.h"
#include "agent/policy/address.h"
#include "agent/policy/rule_kind.h"

namespace nestor {

// credential, namespace or trace.
RuleEvent EventOf(const Act& act);

// Where a program's file comes from: the container's image, or something written since.
enum class Provenance : uint8_t { kImage = 1, kAdded = 2 };

// What a program's file or start can be, beside its path.
enum class ExecTrait : uint8_t { kMemfd = 0, kDeleted = 1, kLoader = 2, kSetuid = 3 };

constexpr uint8_t BitOf(ExecTrait trait) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(trait));
}

// The words of the language, in the order of ExecTrait.
const std::vector<std::string_view>& TraitWords();

// One act that a policy judges, with all that the judgement may depend on.
struct Subject {
  RuleEvent event = RuleEvent::kExec;
  std::string path;               // exec: the program; file: the file; connect: the unix path
  std::vector<std::string> argv;  // exec
  uint8_t traits = 0;             // exec: bits of ExecTrait
  std::optional<Provenance> provenance;  // exec; none: not known
  std::string digest;                    // exec: SHA-256, 64 hex digits; empty: not known
  uint8_t access = 1;                    // file: 1 read, 2 write, 3 both, 7 another name
  std::optional<Cidr> address;           // connect: one address
  std::vector<std::string> names;        // connect: that its address is known by
  uint16_t port = 0;                     // connect
  Act act;                               // credential, namespace, trace
  std::string executable;                // the program that acts; empty: not known
  bool path_unseen = false;              // beyond the kernel's bound: not inspected
  bool argv_unseen = false;
  Workload workload;
  std::map<std::string, std::string> labels;  // the pod's
  HopKind origin = HopKind::kContainerEntrypoint;
  uint32_t depth = 0;
  bool chain_unseen = false;            // whose it is is not known: neither of these is
  uint32_t way_hops = 0;                // kinds of hops below the origin: bits (1 << HopKind)
  std::vector<Workload> way_left;       // containers that the chain left for another one
  std::vector<std::string> way_agents;  // names of the agents that it came through
  bool way_agents_unseen = false;       // there may be more of these
  std::vector<std::string> way_users;   // who logged in on it, by ssh
  bool way_users_unseen = false;        // somebody did whose name is not known
  bool way_unseen = false;              // there may be more of all these
};

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_SUBJECT_H_
