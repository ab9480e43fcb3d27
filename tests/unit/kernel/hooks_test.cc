// SPDX-License-Identifier: Apache-2.0
// What nestord says of the BPF programs by their names, against the programs that there are.
#include "agent/kernel/hooks.h"

#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "agent/event/capability.h"
#include "agent/policy/rule_kind.h"
#include "bpf/abi.h"
#include "bpf/nestor_skeleton.skel.h"

namespace nestor {
namespace {

using ::testing::Contains;

// The programs of the object file, which is read and not loaded.
std::set<std::string> AllPrograms() {
  const std::unique_ptr<nestor_skeleton, decltype(&nestor_skeleton__destroy)> skeleton(
      nestor_skeleton__open(), nestor_skeleton__destroy);
  std::set<std::string> names;
  if (!skeleton) {
    ADD_FAILURE() << "the BPF object cannot be read";
    return names;
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) names.insert(bpf_program__name(program));
  return names;
}

// One that is not said to judge would be attached always, and never counted as missing.
TEST(HooksTest, EachProgramThatDecidesIsSaidToJudge) {
  for (const std::string& name : AllPrograms()) {
    if (!name.starts_with("decide_")) continue;
    EXPECT_NE(RuleEventsOf(name), 0U) << name;
  }
}

TEST(HooksTest, WhatIsSaidToJudgeIsThere) {
  const std::set<std::string> there = AllPrograms();
  std::set<std::string> said;
  for (const std::string_view name : JudgingPrograms()) {
    EXPECT_THAT(there, Contains(std::string(name)));
    EXPECT_TRUE(said.emplace(name).second) << name << " is there twice";
  }
}

TEST(HooksTest, EachKindOfRuleIsJudgedByAProgram) {
  for (const RuleKind& kind : kRuleKinds) {
    size_t judging = 0;
    for (const std::string_view name : JudgingPrograms())
      judging += (RuleEventsOf(name) & BitOf(kind.event)) != 0;
    EXPECT_GT(judging, 0U) << kind.word;
  }
}

TEST(HooksTest, AProgramIsNeededForKindsThatThereAre) {
  uint32_t known = kAsksForDigests | kAsksForAgents | kAsksForNames;
  for (const RuleKind& kind : kRuleKinds) known |= BitOf(kind.event);
  for (const std::string_view name : JudgingPrograms())
    EXPECT_EQ(RuleEventsOf(name) & ~known, 0U) << name;
}

TEST(HooksTest, WhatObservesAndGuardsIsThereWhateverRulesThereAre) {
  for (const std::string& name : AllPrograms()) {
    if (name.starts_with("on_") || name.starts_with("lsm_") || name.starts_with("fentry_") ||
        name.starts_with("guard_"))
      EXPECT_EQ(RuleEventsOf(name), 0U) << name;
  }
}

TEST(HooksTest, EachProgramSaysWhatIsLostWithoutIt) {
  for (const std::string& name : AllPrograms()) EXPECT_NE(EffectOf(name), "") << name;
  EXPECT_EQ(EffectOf("decide_open"), "file rules are not enforced");
  EXPECT_EQ(EffectOf("decide_digest"), "digests are not known: rules that ask for one match");
  EXPECT_EQ(EffectOf("mark_agent"), "rules about agents do not see what is below one");
}

}  // namespace
}  // namespace nestor
