// SPDX-License-Identifier: Apache-2.0
// Each kind of rule, from the language to the kernel's tables and to the judgement. A kind without
// a sample does not compile; what forgets one (a reader, the compiler, the tables, evaluate.cc)
// fails.
#include "agent/policy/rule_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "agent/policy/evaluate.h"
#include "agent/policy/fingerprint.h"
#include "agent/policy/tables.h"
#include "tests/unit/policy/compiled.h"

namespace nestor {
namespace {

struct Sample {
  std::string rule;   // what stands below its word,
  std::string other;  // also this, which means something else;
  std::string act;    // what the first is about and the second is not,
  std::string other_act;
};

Sample SampleOf(RuleEvent event) {
  switch (event) {
    case RuleEvent::kExec:
      return {"{paths: [/bin/a]}", "{paths: [/bin/b]}", "{exe: /bin/a}", "{exe: /bin/b}"};
    case RuleEvent::kOpen:
      return {"{paths: [/a]}", "{paths: [/b]}", "{path: /a}", "{path: /b}"};
    case RuleEvent::kConnect:
      return {"{ports: [1]}", "{ports: [2]}", "{address: 10.0.0.1, port: 1}",
              "{address: 10.0.0.1, port: 2}"};
    case RuleEvent::kCredential:
      return {"{toUids: [0]}", "{toUids: [1]}", "{toUid: 0}", "{toUid: 1}"};
    case RuleEvent::kNamespace:
      return {"{kinds: [user]}", "{kinds: [net]}", "{operation: clone, kinds: [user]}",
              "{operation: clone, kinds: [net]}"};
    case RuleEvent::kTrace:
      return {"{operations: [ptrace]}", "{operations: [proc-mem]}", "{operation: ptrace}",
              "{operation: proc-mem}"};
  }
  return {};
}

class RuleKindTest : public testing::TestWithParam<RuleKind> {
 protected:
  // A policy in force with one rule, and an example: of what `act` is.
  std::string Policy(const std::string& spec, const std::string& rule,
                     const std::string& act) const {
    const std::string word(GetParam().word);
    return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  mode: "
           "enforce\n" +
           spec + word + ": " + rule + "}\ntests:\n  mustDeny:\n  - {" + word + ": " + act + "}\n";
  }
  std::string Denying(const std::string& rule) const {
    return Policy("  rules:\n  - {name: r, ", rule, sample_.act);
  }

  Subject SubjectOf(const std::string& act) const {
    const auto read =
        ParsePolicies(Policy("  rules:\n  - {name: r, ", sample_.rule, act), "p.yaml");
    EXPECT_TRUE(read.ok()) << read.error().message;
    return read.ok() ? read->front().tests.front().subject : Subject();
  }

  const Sample sample_ = SampleOf(GetParam().event);
};

TEST_P(RuleKindTest, ItsRuleDecidesWhatItIsAboutAndNothingElse) {
  const CompiledPolicies policies = Compiled(Denying(sample_.rule));

  const Subject subject = SubjectOf(sample_.act);
  EXPECT_EQ(subject.event, GetParam().event);
  if (subject.act != Act()) EXPECT_EQ(EventOf(subject.act), GetParam().event);
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny);
  EXPECT_FALSE(Evaluate(policies, SubjectOf(sample_.other_act)).rule);
  for (const RuleKind& other : kRuleKinds) {
    if (other.event == GetParam().event) continue;
    Subject of_other = subject;
    of_other.event = other.event;
    EXPECT_FALSE(Evaluate(policies, of_other).rule) << other.word;
  }
}

TEST_P(RuleKindTest, WhatNoRuleAllowsIsDeniedByDefault) {
  const CompiledPolicies policies = Compiled(Policy(
      "  default: deny\n  rules:\n  - {name: r, action: allow, ", sample_.rule, sample_.other_act));

  EXPECT_EQ(Evaluate(policies, SubjectOf(sample_.act)).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, SubjectOf(sample_.other_act)).action, Action::kDeny);
}

TEST_P(RuleKindTest, TheKernelGetsItUnderItsNumber) {
  const auto tables = MakeTables(Compiled(Denying(sample_.rule)));
  ASSERT_TRUE(tables.ok()) << tables.error().message;

  ASSERT_EQ(tables->rules.size(), 1U);
  EXPECT_EQ(tables->rules[0].event, static_cast<uint8_t>(GetParam().event));
  EXPECT_EQ(tables->default_rules.events, BitOf(GetParam().event));
  for (size_t number = 0; number < NESTOR_RULE_EVENTS; ++number)
    EXPECT_EQ(tables->events[number].all.word[0], number == tables->rules[0].event) << number;
}

TEST_P(RuleKindTest, AnotherRuleIsAnotherInTheKernelsTables) {
  const auto tables = MakeTables(Compiled(Denying(sample_.rule)));
  const auto others = MakeTables(Compiled(Denying(sample_.other)));
  ASSERT_TRUE(tables.ok() && others.ok());

  const bool same_rule = std::memcmp(tables->rules.data(), others->rules.data(),
                                     tables->rules.size() * sizeof(nestor_rule)) == 0;
  const bool same_patterns =
      tables->cells == others->cells &&
      std::memcmp(tables->dfas.data(), others->dfas.data(), sizeof(tables->dfas)) == 0;
  EXPECT_FALSE(same_rule && same_patterns);
}

// The same fingerprint after a restart means the same rules: see PolicyMaps.
TEST_P(RuleKindTest, AnotherRuleHasAnotherFingerprint) {
  EXPECT_NE(FingerprintOf(Compiled(Denying(sample_.rule))),
            FingerprintOf(Compiled(Denying(sample_.other))));
}

TEST_P(RuleKindTest, ItsVerdictsHaveAStage) {
  std::set<RuleEvent> speaking;
  for (uint8_t stage = 1; stage <= static_cast<uint8_t>(kLastStage); ++stage) {
    const auto event = RuleEventAt(static_cast<Stage>(stage));
    ASSERT_TRUE(event) << static_cast<int>(stage);
    speaking.insert(*event);
  }
  EXPECT_TRUE(speaking.contains(GetParam().event));
}

INSTANTIATE_TEST_SUITE_P(Each, RuleKindTest, testing::ValuesIn(kRuleKinds),
                         [](const auto& kind) { return std::string(kind.param.word); });

TEST(RuleKindsTest, EachHasItsWordAndNumber) {
  std::set<std::string_view> words;
  std::set<RuleEvent> numbers;
  for (const RuleKind& kind : kRuleKinds) {
    EXPECT_EQ(Name(kind.event), kind.word);
    words.insert(kind.word);
    numbers.insert(kind.event);
  }
  EXPECT_EQ(words.size(), std::size(kRuleKinds));
  EXPECT_EQ(numbers.size(), std::size(kRuleKinds));
}

TEST(RuleKindsTest, ARuleOfNoKindIsNotGivenToTheKernel) {
  for (const unsigned number : {0U, static_cast<unsigned>(NESTOR_RULE_EVENTS)}) {
    CompiledPolicies policies;
    policies.rules.emplace_back().event = static_cast<RuleEvent>(number);

    const auto tables = MakeTables(policies);

    ASSERT_FALSE(tables.ok()) << number;
    EXPECT_EQ(tables.error().code, ErrorCode::kInternal) << number;
  }
}

// Also numbers that no kind has yet. What else applies has bits of its own.
TEST(RuleKindsTest, EachNumberHasItsOwnBitInWhatATaskRemembers) {
  ContainerRules container;
  container.rules.set(0);
  for (uint32_t number = 1; number < NESTOR_RULE_EVENTS; ++number) {
    EventRules events{};
    events[number].all.word[0] = 1;
    EXPECT_EQ(ApplyingOf(events, container).events, 1U << number);
  }
  EventRules events{};
  for (nestor_event_rules& of_event : events) of_event.all.word[0] = 1;
  events[NESTOR_RULE_EXEC].spares.word[0] = events[NESTOR_RULE_EXEC].need_digest.word[0] = 1;
  EXPECT_EQ(ApplyingOf(events, container).events,
            (1U << NESTOR_RULE_EVENTS) - 1 +
                (1U << NESTOR_APPLIES_SPARES | 1U << NESTOR_APPLIES_DIGESTS));
  EXPECT_EQ(ApplyingOf(events, container).events >> NESTOR_APPLIES_BITS, 0U);
}

}  // namespace
}  // namespace nestor
