// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/policy_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/policy/automaton.h"
#include "tests/support/source_dir.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PolicySetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "nestor-policy-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& file, const std::string& text) {
    std::ofstream(directory_ / file) << text;
  }

  static std::string Policy(const std::string& name, const std::string& path) {
    return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: " + name +
           "}\nspec:\n  rules:\n  - {name: r, file: {paths: [" + path + "]}}\n";
  }

  std::filesystem::path directory_;
};

TEST_F(PolicySetTest, AMissingDirectoryIsAnEmptySet) {
  const auto set = LoadPolicySet((directory_ / "none").string(), 1);

  ASSERT_TRUE(set.ok());
  EXPECT_THAT(set->policies, IsEmpty());
  EXPECT_THAT(set->errors, IsEmpty());
}

TEST_F(PolicySetTest, WhatIsNotReadIsNamedWithTheReason) {
  Write("fine.yaml", Policy("fine", "/etc/shadow"));
  Write("fine.test.yaml", "an example, for nestorctl");
  Write("network-rules", Policy("a", "/a"));
  Write("more.YAML", Policy("b", "/b"));
  Write(".swp", "an editor's");
  Write("old.yaml~", "an editor's");
  std::filesystem::create_directory(directory_ / "team");
  std::filesystem::create_directory(directory_ / "..2026_data");  // as a ConfigMap's volume has it

  const auto set = LoadPolicySet(directory_.string(), 1);

  ASSERT_TRUE(set.ok());
  EXPECT_THAT(set->warnings,
              ElementsAre(HasSubstr("more.YAML is not read: the name of a policy file ends with"),
                          HasSubstr("network-rules is not read"),
                          HasSubstr("team is not read: folders are not looked into")));
}

TEST_F(PolicySetTest, OfManyFilesThatAreNotReadSomeAreNamedAndAllAreCounted) {
  for (int i = 0; i < 30; ++i) Write("file" + std::to_string(i), "");

  const auto said = NotPolicyFiles(directory_.string());

  ASSERT_EQ(said.size(), 21u);
  EXPECT_THAT(said.back(), HasSubstr("and 10 more"));
}

// The rest of the file counts: a rule that does nothing must not take those away that do.
TEST_F(PolicySetTest, APathThatCanNeverMatchIsAWarningAndTheFileCounts) {
  Write("p.yaml", Policy("p", "/etc/shadow, /proc/self/mem, /bin/nc"));

  const auto set = LoadPolicySet(directory_.string(), 1);

  ASSERT_TRUE(set.ok());
  EXPECT_THAT(set->errors, IsEmpty());
  EXPECT_EQ(set->policies.size(), 1u);
  EXPECT_THAT(
      set->warnings,
      ElementsAre(HasSubstr("path `/proc/self/mem` can never match: a link of /proc, and no "
                            "resolved path has one in it; write `/proc/*/mem`"),
                  HasSubstr("path `/bin/nc` holds in few images")));
}

TEST_F(PolicySetTest, ALinkBesideWhatItLeadsToNeedsNoNote) {
  Write("p.yaml", Policy("p", "/bin/nc, /usr/bin/nc, /usr/bin/nc.*"));

  EXPECT_THAT(LoadPolicySet(directory_.string(), 1)->warnings, IsEmpty());
}

TEST_F(PolicySetTest, OneBadFileDoesNotUnloadTheGoodOnes) {
  Write("10-good.yaml", Policy("good", "/etc/shadow"));
  Write("20-bad.yaml", Policy("bad", "no-slash"));
  Write("good.test.yaml", "not read by nestord");
  Write("30-other.yaml", Policy("other", "/etc/gshadow"));
  Write("notes.txt", "not a policy");

  const auto set = LoadPolicySet(directory_.string(), 9);

  ASSERT_TRUE(set.ok());
  ASSERT_EQ(set->errors.size(), 1u);
  EXPECT_THAT(set->errors[0].message,
              HasSubstr("20-bad.yaml:6:30: path `no-slash` must begin with `/`"));
  ASSERT_EQ(set->policies.size(), 2u);
  EXPECT_EQ(set->policies[1].name, "other");
  EXPECT_EQ(set->compiled.generation, 9u);
  EXPECT_TRUE(RulesMatching(set->compiled.open_path, "/etc/gshadow")[1]);
}

TEST_F(PolicySetTest, AFileThatAsksForWhatThereIsNotIsRefusedAlone) {
  Write("a.yaml", Policy("good", "/etc/shadow"));
  Write("b.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: b}\nspec:\n"
        "  chain: {through: {agents: [cluade]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n");
  Write("c.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: c}\nspec:\n  rules:\n"
        "  - {name: r, file: {paths: [/a]}, exceptions: [{paths: [/*]}]}\n");
  Write("d.yaml", Policy("large", "\"/**a?????????????????\""));

  AgentMarks marks;
  marks.names = {"claude", "codex"};
  const KnownAgents known = [&marks] {
    return Result<std::shared_ptr<const AgentMarks>>(std::make_shared<const AgentMarks>(marks));
  };
  const auto set = LoadPolicySet(directory_.string(), 1, nullptr, Today(), known);

  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->policies.size(), 1u);
  ASSERT_EQ(set->errors.size(), 3u);
  EXPECT_THAT(set->errors[0].message,
              HasSubstr("b.yaml:5:29: this node knows no agent `cluade`; did you mean `claude`?"));
  EXPECT_THAT(set->errors[1].message, HasSubstr("c.yaml:6:5: rule `r` can match nothing"));
  EXPECT_THAT(set->errors[2].message, HasSubstr("d.yaml:1:1: the file path patterns"));
}

TEST_F(PolicySetTest, AnExceptionThatIsOverCountsNoLonger) {
  Write("a.yaml",
        "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  rules:\n"
        "  - {name: r, file: {paths: [/a, /b]}, exceptions: [{until: 2026-12-31, paths: [/b]}]}\n");
  const Day last = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31);

  const auto during = LoadPolicySet(directory_.string(), 1, nullptr, last);
  const auto after = LoadPolicySet(directory_.string(), 2, nullptr, last + std::chrono::days(1));

  ASSERT_TRUE(during.ok() && after.ok());
  EXPECT_TRUE(RulesMatching(during->compiled.open_path, "/b").none());
  EXPECT_EQ(during->stale_on, last + std::chrono::days(1));
  EXPECT_TRUE(RulesMatching(after->compiled.open_path, "/b").any());
  ASSERT_EQ(after->warnings.size(), 1u);
}

TEST_F(PolicySetTest, AFileThatWasFineCountsAsItWasUntilItIsMendedOrRemoved) {
  Write("a.yaml", Policy("guard", "/etc/gshadow"));
  const auto fine = LoadPolicySet(directory_.string(), 1);
  ASSERT_TRUE(fine.ok());
  Write("a.yaml", "kind: [");
  const auto broken = LoadPolicySet(directory_.string(), 2, &*fine);
  ASSERT_TRUE(broken.ok());
  const auto still_broken = LoadPolicySet(directory_.string(), 3, &*broken);
  std::filesystem::remove(directory_ / "a.yaml");
  const auto removed = LoadPolicySet(directory_.string(), 4, &*still_broken);

  ASSERT_EQ(broken->errors.size(), 1u);
  EXPECT_THAT(broken->errors[0].message, HasSubstr("what this file said before stays in force"));
  EXPECT_TRUE(RulesMatching(broken->compiled.open_path, "/etc/gshadow").any());
  EXPECT_TRUE(RulesMatching(still_broken->compiled.open_path, "/etc/gshadow").any());
  EXPECT_TRUE(RulesMatching(removed->compiled.open_path, "/etc/gshadow").none());
}

TEST_F(PolicySetTest, APolicyNameTwiceKeepsTheFirst) {
  Write("a.yaml", Policy("same", "/a"));
  Write("b.yaml", Policy("same", "/b"));

  const auto set = LoadPolicySet(directory_.string(), 1);

  ASSERT_TRUE(set.ok());
  ASSERT_EQ(set->errors.size(), 1u);
  EXPECT_THAT(set->errors[0].message, HasSubstr("exists already in"));
  EXPECT_TRUE(RulesMatching(set->compiled.open_path, "/a")[0]);
  EXPECT_TRUE(RulesMatching(set->compiled.open_path, "/b").none());
}

TEST_F(PolicySetTest, ThePoliciesThatWeShipLoad) {
  const auto set = LoadPolicySet(SourcePath("deploy/policies"), 1);

  ASSERT_TRUE(set.ok()) << set.error().message;
  ASSERT_THAT(set->errors, IsEmpty()) << set->errors[0].message;
  EXPECT_EQ(set->policies.size(), 2u);
  for (const PolicySummary& policy : set->policies) EXPECT_EQ(policy.mode, Mode::kEnforce);
  EXPECT_TRUE(RulesMatching(set->compiled.open_path, "/etc/shadow").any());
  EXPECT_TRUE(RulesMatching(set->compiled.exec_path, "/usr/local/bin/kubectl").any());
}

}  // namespace
}  // namespace nestor
