// SPDX-License-Identifier: Apache-2.0
// What the kernel decides by: one slot of its policy tables, byte for byte (bpf/abi.h).
#ifndef NESTOR_AGENT_POLICY_TABLES_H_
#define NESTOR_AGENT_POLICY_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "bpf/abi.h"

namespace nestor {

static_assert(kMaxRules == NESTOR_MAX_RULES);

// How much of a slot is left for automata: cells, and different sets of rules. Thread: one.
class TableRoom {
 public:
  TableRoom();

  // Error kResourceExhausted: it does not fit in; then nothing was taken.
  Status Take(const Dfa& dfa, bool with_reach);
  // That the next automaton can have, less what each of its states takes beside its classes.
  size_t cells() const { return cells_; }

 private:
  size_t cells_;
  std::unordered_map<RuleBits, uint16_t> sets_;
};

// The rules of each kind of event, [nestor_rule_event].
using EventRules = std::array<nestor_event_rules, NESTOR_RULE_EVENTS>;

struct PolicyTables {
  std::array<nestor_dfa, NESTOR_DFA_KINDS> dfas{};  // [nestor_dfa_kind]
  std::vector<uint16_t> cells;                      // of all of them
  std::vector<nestor_rule_bits> sets;
  std::vector<nestor_rule> rules;
  EventRules events{};
  std::vector<std::pair<nestor_cidr_key, uint32_t>> cidrs;  // networks (of slot 0) and their sets
  std::vector<std::pair<nestor_digest_key, uint32_t>> digests;  // (of slot 0) and their sets
  std::vector<std::pair<nestor_user_key, uint64_t>> users;  // (of slot 0) and the lists they are on
  nestor_applying default_rules{};
  bool asks_names = false;  // some rule asks for names of peers
  uint64_t agents = 0;      // fingerprint of the agents that rules ask for; 0: for none
};

// A user's name as the kernel has it, of the title of an sshd. Thread: any.
uint64_t HashOfUser(std::string_view user);

// Error kResourceExhausted: more than a slot holds, which Compile refuses before; kInternal: a rule
// that the kernel does not judge. Thread: any.
Result<PolicyTables> MakeTables(const CompiledPolicies& policies);

// What the kernel is told of a container, in its own form. Thread: any.
nestor_applying ApplyingOf(const EventRules& events, const ContainerRules& container);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_TABLES_H_
