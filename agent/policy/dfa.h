// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_DFA_H_
#define NESTOR_AGENT_POLICY_DFA_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nestor {

inline constexpr size_t kMaxRules = 2048;  // NESTOR_MAX_RULES
using RuleBits = std::bitset<kMaxRules>;

// A deterministic automaton over bytes, as the kernel's tables have it. Bytes that it does not tell
// apart are one class. State 0 is dead, state 1 the start. A state accepts a set of rules when the
// input read so far is matched by them; most sets are that of many states, and sets[0] is empty.
// Patterns are anchored at both ends when built (a glob spells out its own stars).
struct Dfa {
  std::array<uint8_t, 256> class_of{};
  uint32_t classes = 1;
  std::vector<uint16_t> next;    // [state * classes + class]
  std::vector<uint16_t> accept;  // [state]: index into sets
  std::vector<RuleBits> sets;
  // States from this one on have hits: rules that match whatever follows, once such a state was
  // reached. So nothing of them has to be remembered by states, which would multiply.
  uint32_t hits_from = 0xffffffff;
  std::vector<uint16_t> hits;  // [state - hits_from]: index into sets

  size_t states() const { return accept.size(); }
  uint16_t Next(uint32_t state, uint8_t byte) const {
    return next[state * classes + class_of[byte]];
  }
  const RuleBits& Accepts(uint32_t state) const { return sets[accept[state]]; }
  const RuleBits& Hits(uint32_t state) const {
    return sets[state < hits_from ? 0 : hits[state - hits_from]];
  }
};

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_DFA_H_
