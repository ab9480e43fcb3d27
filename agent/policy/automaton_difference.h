// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_AUTOMATON_DIFFERENCE_H_
#define NESTOR_AGENT_POLICY_AUTOMATON_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "agent/policy/compiled.h"

namespace nestor {

// A shortest text that a rule of `wide` matches and no rule of `narrow`, with letters and digits
// where there is a choice; none: there is no such text. `last`: texts end with this byte, as
// arguments do with NUL. Cost: the product of their states. Thread: any.
std::optional<std::string> FindDifference(const Dfa& wide, const Dfa& narrow,
                                          std::optional<uint8_t> last = std::nullopt);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_AUTOMATON_DIFFERENCE_H_
