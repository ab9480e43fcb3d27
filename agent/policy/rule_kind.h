// SPDX-License-Identifier: Apache-2.0
// The kinds of rules. With this list, the language knows a kind; NESTOR_RULE_KINDS in bpf/abi.h is
// the kernel's, and both must have the same.
#ifndef NESTOR_AGENT_POLICY_RULE_KIND_H_
#define NESTOR_AGENT_POLICY_RULE_KIND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/event/vocabulary.h"

namespace nestor {

// What a rule is about. A switch over it has no `default`: the compiler then names each one that
// does not know a new kind.
enum class RuleEvent : uint8_t {
  kExec = 1,
  kOpen = 2,
  kConnect = 3,
  kCredential = 4,
  kNamespace = 5,
  kTrace = 6,
};

struct RuleKind {
  RuleEvent event;
  std::string_view word;  // of a rule and of an example, in YAML
};

inline constexpr RuleKind kRuleKinds[] = {
    {RuleEvent::kExec, "exec"},           {RuleEvent::kOpen, "file"},
    {RuleEvent::kConnect, "connect"},     {RuleEvent::kCredential, "credential"},
    {RuleEvent::kNamespace, "namespace"}, {RuleEvent::kTrace, "trace"},
};

// Sets of kinds are bits.
constexpr uint32_t BitOf(RuleEvent event) { return 1U << static_cast<unsigned>(event); }

// "exec", "file", "connect", ...: the word of a rule; "": no such kind. Thread: any.
std::string_view Name(RuleEvent event);
// "`exec`, `file`, ... and `trace`": the words of all kinds, for a person.
std::string RuleKindList();

// The kind of the rules that speak at this stage; none: no rule does. Thread: any.
std::optional<RuleEvent> RuleEventAt(Stage stage);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_RULE_KIND_H_
