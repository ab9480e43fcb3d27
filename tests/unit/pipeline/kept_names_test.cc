// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/kept_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

GenerationNames Names(uint64_t generation) {
  return {generation,
          {{"no-keys", "ssh", "keys are\nnot 7 read", "high", {"T1552", "own"}},
           {"\xff 3 x", "", "", "", {}}}};
}

CompiledPolicies Policies(uint64_t generation) {
  CompiledPolicies policies;
  policies.generation = generation;
  CompiledRule& rule = policies.rules.emplace_back();
  rule.name = "rule-" + std::to_string(generation);
  rule.policy = "p";
  return policies;
}

TEST(KeptNamesTest, WhatIsWrittenIsReadWhateverTheTextsAre) {
  const std::vector<GenerationNames> names = {Names(3), {4, {}}, Names(5)};

  const auto read = FromKeptBytes(ToKeptBytes("boot", names), "boot");

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, names);
}

TEST(KeptNamesTest, NamesOfAnotherBootDoNotHold) {
  EXPECT_FALSE(FromKeptBytes(ToKeptBytes("boot", {Names(1)}), "other"));
}

TEST(KeptNamesTest, EachWayToCutTheFileOffIsSeenOrLeavesWholeGenerations) {
  const std::string bytes = ToKeptBytes("boot", {Names(1), Names(2)});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto read = FromKeptBytes(bytes.substr(0, size), "boot");
    if (!read) continue;
    for (const GenerationNames& one : *read) EXPECT_EQ(one, Names(one.generation)) << size;
  }
}

TEST(KeptNamesTest, HostileNumbersAreNoMemory) {
  EXPECT_FALSE(
      FromKeptBytes("nestor-rule-names-v1\n4 boot\n1 1\n20 18446744073709551615\n", "boot"));
  EXPECT_FALSE(FromKeptBytes("nestor-rule-names-v1\n18446744073709551615 boot\n", "boot"));
  EXPECT_FALSE(FromKeptBytes("", "boot"));
}

class NameKeeperTest : public testing::Test {
 protected:
  KeptNames Kept() {
    return {disk_, [this](const std::string& bytes) -> Status {
              if (full_) return Error::FailedPrecondition("the disk is full");
              disk_ = bytes;
              return {};
            }};
  }

  std::string disk_;
  bool full_ = false;
};

TEST_F(NameKeeperTest, TheNextStartHasTheNamesOfTheLastGenerations) {
  NameKeeper first("boot", Kept(), false);
  for (uint64_t generation = 1; generation <= 6; ++generation) first.Keep(Policies(generation));

  const NameKeeper next("boot", Kept(), true);

  ASSERT_THAT(next.earlier(), SizeIs(NameKeeper::kGenerations));
  EXPECT_EQ(next.earlier().back().generation, 6u);
  EXPECT_EQ(next.earlier().back().rules[0].rule, "rule-6");
}

TEST_F(NameKeeperTest, NamesOutliveAStartThatReadNoRecord) {
  NameKeeper("boot", Kept(), false).Keep(Policies(1));
  NameKeeper("boot", Kept(), true).Keep(Policies(2));

  EXPECT_THAT(NameKeeper("boot", Kept(), true).earlier(), SizeIs(2));
}

TEST_F(NameKeeperTest, WhereNothingWasGoneOnWithNumbersMeanSomethingElse) {
  NameKeeper("boot", Kept(), false).Keep(Policies(1));

  EXPECT_THAT(NameKeeper("boot", Kept(), false).earlier(), IsEmpty());
  EXPECT_THAT(NameKeeper("later", Kept(), true).earlier(), IsEmpty());
}

TEST_F(NameKeeperTest, ADiskThatDoesNotTakeThemIsSaid) {
  NameKeeper keeper("boot", Kept(), false);
  full_ = true;
  keeper.Keep(Policies(1));
  EXPECT_THAT(keeper.fault(), HasSubstr("the disk is full"));

  full_ = false;
  keeper.Keep(Policies(2));
  EXPECT_EQ(keeper.fault(), "");
}

}  // namespace
}  // namespace nestor
