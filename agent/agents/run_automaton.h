// SPDX-License-Identifier: Apache-2.0
// What runners are given to run, as an automaton over their arguments.
#ifndef NESTOR_AGENT_AGENTS_RUN_AUTOMATON_H_
#define NESTOR_AGENT_AGENTS_RUN_AUTOMATON_H_

#include <cstddef>

#include "agent/base/result.h"
#include "agent/policy/automaton.h"

namespace nestor {

// The bits of the sets that the automata of agents tell, in words of 64: NESTOR_AGENT_IS and what
// follows in bpf/abi.h.
struct RunBits {
  static constexpr size_t Is(size_t agent) { return agent; }
  static constexpr size_t Runner(size_t runner) { return 64 + runner; }
  static constexpr size_t With(size_t which, size_t agent) { return 128 + 64 * which + agent; }
};

// Of an automaton of operands, which tells by RunBits which agents and which runner a word names,
// one that reads the arguments of a runner, each followed by a NUL, its own name first, as
// ProgramsOf does: it tells which agents are run. State 1 + R is the start of runner R. `operands`
// is added to. Error kResourceExhausted: more than `max_states` states. Thread: any.
Result<Dfa> MakeRunAutomaton(AutomatonBuilder operands, size_t max_states);

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_RUN_AUTOMATON_H_
