// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_AUTOMATON_H_
#define NESTOR_AGENT_POLICY_AUTOMATON_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/glob.h"

namespace nestor {

// Joins the patterns of many rules into one deterministic automaton, so that the kernel reads each
// byte once, whatever the number of rules. Thread: one.
class AutomatonBuilder {
 public:
  // A string that matches `pattern` shall set the bit `rule` (< kMaxRules).
  void Add(const Pattern& pattern, size_t rule) { AddNodes(pattern, {.item = {}, .rule = rule}); }
  // A string that begins with a match of `pattern`, which is not empty, shall set it.
  void AddBeginning(const Pattern& pattern, size_t rule) {
    AddNodes(pattern, {.item = {}, .hit = true, .rule = rule});
  }
  // A string that matches `pattern` shall not set it, whatever else it matches.
  void Except(const Pattern& pattern, size_t rule) {
    AddNodes(pattern, {.item = {}, .except = true, .rule = rule});
  }

  // The smallest automaton for all patterns added: subset construction, then Hopcroft's
  // minimisation. State 0 is dead, state 1 the start, also when there is no pattern.
  // Error kResourceExhausted: more than `max_states` states (at most 65535), or more than
  // `max_cells` of states times classes of bytes. Cost: bounded by a few times that before
  // minimisation and a fixed number of steps to find them, some seconds at most.
  Result<Dfa> Build(size_t max_states, size_t max_cells = kAnyCells) const;

  // The rules that a pattern was added for.
  const RuleBits& rules() const { return rules_; }

  static constexpr size_t kAnyCells = size_t{1} << 24;

 private:
  struct Node {
    PatternItem item;
    bool final = false;
    bool except = false;  // of a final one
    bool hit = false;     // of a final one
    size_t rule = 0;
  };
  void AddNodes(const Pattern& pattern, Node last);
  friend class SubsetConstruction;

  std::vector<Node> nodes_;  // a pattern's items and its end lie next to each other
  std::vector<uint32_t> starts_;
  RuleBits rules_;
};

// Which rules match the whole of `text`: what the kernel computes. Thread: any.
RuleBits RulesMatching(const Dfa& dfa, std::string_view text);

// For each state the rules that match some text which leads from the start through it: those that
// it accepts, and those that it may still come to. Thread: any.
std::vector<RuleBits> ReachOf(const Dfa& dfa);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_AUTOMATON_H_
