// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/rule_kind.h"

#include <algorithm>
#include <iterator>

#include "bpf/abi.h"

namespace nestor {
namespace {

#define NESTOR_NUMBER(name, number) (number),
constexpr unsigned kKernelNumbers[] = {NESTOR_RULE_KINDS(NESTOR_NUMBER)};
#undef NESTOR_NUMBER

static_assert(std::ranges::all_of(kKernelNumbers, [](unsigned number) {
  return number > 0 && number < NESTOR_RULE_EVENTS;
}));
static_assert(std::size(kRuleKinds) == std::size(kKernelNumbers),
              "the kernel and the language have not the same kinds of rules");

// By its name: two kinds that changed places would both have a number that is there.
constexpr uint32_t KernelNumber(RuleEvent event) {
  switch (event) {
    case RuleEvent::kExec:
      return NESTOR_RULE_EXEC;
    case RuleEvent::kOpen:
      return NESTOR_RULE_OPEN;
    case RuleEvent::kConnect:
      return NESTOR_RULE_CONNECT;
    case RuleEvent::kCredential:
      return NESTOR_RULE_CREDENTIAL;
    case RuleEvent::kNamespace:
      return NESTOR_RULE_NAMESPACE;
    case RuleEvent::kTrace:
      return NESTOR_RULE_TRACE;
  }
  return 0;
}

static_assert(std::ranges::all_of(kRuleKinds, [](const RuleKind& kind) {
  return KernelNumber(kind.event) == static_cast<uint32_t>(kind.event);
}));

}  // namespace

std::string_view Name(RuleEvent event) {
  const auto kind = std::ranges::find(kRuleKinds, event, &RuleKind::event);
  return kind == std::end(kRuleKinds) ? std::string_view() : kind->word;
}

std::string RuleKindList() {
  std::string list;
  for (const RuleKind& kind : kRuleKinds) {
    if (!list.empty()) list += &kind == std::end(kRuleKinds) - 1 ? " and " : ", ";
    list += "`" + std::string(kind.word) + "`";
  }
  return list;
}

std::optional<RuleEvent> RuleEventAt(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return std::nullopt;
    case Stage::kBprm:
    case Stage::kExec:
    case Stage::kMmap:
      return RuleEvent::kExec;
    case Stage::kOpen:
    case Stage::kLink:
    case Stage::kRename:
    case Stage::kCreate:
    case Stage::kRemove:
    case Stage::kTruncate:
    case Stage::kAttributes:
      return RuleEvent::kOpen;
    case Stage::kConnect:
    case Stage::kSend:
      return RuleEvent::kConnect;
    case Stage::kTrace:
      return RuleEvent::kTrace;
    case Stage::kNamespace:
      return RuleEvent::kNamespace;
    case Stage::kCredential:
      return RuleEvent::kCredential;
  }
  return std::nullopt;
}

}  // namespace nestor
