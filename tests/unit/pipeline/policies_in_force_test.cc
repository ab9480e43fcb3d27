// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/policies_in_force.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

// What the kernel was told of containers. Nothing else may be asked.
class TablesOnly : public Probes {
 public:
  Status LoadPolicies(const CompiledPolicies&,
                      const std::vector<std::pair<CgroupId, ContainerRules>>& containers) override {
    if (refuses) return Error::FailedPrecondition("full");
    told.clear();
    for (const auto& [container, rules] : containers) told[container] = rules;
    return {};
  }
  Status SetContainerRules(CgroupId container, const ContainerRules& rules) override {
    told[container] = rules;
    return {};
  }
  Status RemoveContainer(CgroupId container) override {
    told.erase(container);
    removed.push_back(container);
    return {};
  }
  Status ForgetOldNames() override { return {}; }
  const Inheritance& inheritance() const override { return inheritance_; }

  Status Attach() override { std::abort(); }
  Result<std::vector<SeededProcess>> Seed() override { std::abort(); }
  Result<std::vector<HopRecord>> Hops() override { std::abort(); }
  void ForgetHops(const std::vector<HopId>&) override { std::abort(); }
  std::vector<std::string> warnings() const override { std::abort(); }
  void Remove() override { std::abort(); }
  Result<size_t> PrepareListeners(const std::vector<int>&) override { std::abort(); }
  Status SetPeerKeys(const std::vector<PeerKey>&) override { std::abort(); }
  void SetRealtimeOffset(int64_t) override { std::abort(); }
  EventSource& events() override { std::abort(); }
  std::vector<LossRecord> TakeLosses() override { std::abort(); }
  void ConfirmLosses(const std::vector<LossRecord>& /*told*/) override { std::abort(); }
  void LoadProgramsFor(const CompiledPolicies&) override { std::abort(); }
  const std::vector<Capability>& capabilities() const override { std::abort(); }

  std::map<CgroupId, ContainerRules> told;
  std::vector<CgroupId> removed;
  bool refuses = false;

 private:
  Inheritance inheritance_;
};

constexpr char kHead[] =
    "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: test}\nspec:\n";
const std::string kNoTrue = std::string(kHead) +
                            "  selector: {containers: [main]}\n"
                            "  rules:\n  - {name: no-true, exec: {paths: [/bin/true]}}\n";
const std::string kThroughSidecar = std::string(kHead) +
                                    "  chain: {through: {containers: [sidecar]}}\n"
                                    "  rules:\n  - {name: no-true, exec: {paths: [/bin/true]}}\n";

std::shared_ptr<const PolicySet> Set(const std::string& yaml, uint64_t generation = 1) {
  auto documents = ParsePolicies(yaml, "test.yaml");
  EXPECT_TRUE(documents) << documents.error().message;
  auto compiled = Compile(*documents, generation);
  EXPECT_TRUE(compiled) << compiled.error().message;
  auto set = std::make_shared<PolicySet>();
  set->compiled = *std::move(compiled);
  return set;
}

NamedContainer Named(CgroupId cgroup, const std::string& name) {
  NamedContainer container;
  container.cgroup = cgroup;
  container.workload = {"shop", "web-0", "uid", name, "id-" + std::to_string(cgroup), "image"};
  return container;
}

class PoliciesInForceTest : public testing::Test {
 protected:
  // The lists of containers that the kernel knows this one to be on.
  uint64_t PlacesToldOf(CgroupId cgroup) const { return kernel_.told.at(cgroup).places; }

  TablesOnly kernel_;
  PoliciesInForce policies_{kernel_, 2};
};

TEST_F(PoliciesInForceTest, AContainerHasTheRulesOfItsNameWhicheverCameFirst) {
  ASSERT_TRUE(policies_.NameContainer(Named(1, "main")));
  EXPECT_THAT(kernel_.told, IsEmpty()) << "there are no rules yet";
  ASSERT_TRUE(policies_.Install(Set(kNoTrue)));
  ASSERT_TRUE(policies_.NameContainer(Named(2, "main")));
  ASSERT_TRUE(policies_.NameContainer(Named(3, "other")));

  EXPECT_EQ(kernel_.told.at(1).rules, kernel_.told.at(2).rules);
  EXPECT_NE(kernel_.told.at(1).rules, kernel_.told.at(3).rules);
}

TEST_F(PoliciesInForceTest, AnEarlierStartsRuleHasItsName) {
  PoliciesInForce policies(kernel_, 2, {{7, {{"no-keys", "ssh", "why", "high", {"T1552"}}}}});
  ASSERT_TRUE(policies.Install(Set(kNoTrue, 8)));
  VerdictInfo verdict, unknown, own;

  policies.FillVerdict(7, 0, verdict);
  policies.FillVerdict(7, 1, unknown);
  policies.FillVerdict(8, 0, own);

  EXPECT_EQ(verdict.policy + "/" + verdict.rule, "ssh/no-keys");
  EXPECT_EQ(verdict.message, "why");
  EXPECT_EQ(verdict.severity, "high");
  EXPECT_THAT(verdict.tags, ElementsAre("T1552"));
  EXPECT_EQ(unknown.policy, "generation 7");
  EXPECT_EQ(own.rule, "no-true");
}

TEST_F(PoliciesInForceTest, WhatTheKernelDoesNotTakeLeavesTheSetBefore) {
  ASSERT_TRUE(policies_.Install(Set(kNoTrue, 1)));
  kernel_.refuses = true;
  EXPECT_FALSE(policies_.Install(Set(kNoTrue, 2)));
  EXPECT_EQ(policies_.generation(), 1u);
}

TEST_F(PoliciesInForceTest, AContainerWithoutANameGoesAtItsEnd) {
  ASSERT_TRUE(policies_.Install(Set(kThroughSidecar)));
  ASSERT_TRUE(policies_.Ended(7));
  EXPECT_THAT(kernel_.removed, ElementsAre(7));
}

TEST_F(PoliciesInForceTest, NamesOfEndedContainersStayForChainsThatLeftThem) {
  ASSERT_TRUE(policies_.Install(Set(kThroughSidecar)));
  ASSERT_TRUE(policies_.NameContainer(Named(1, "sidecar")));
  ASSERT_TRUE(policies_.Ended(1));
  EXPECT_EQ(PlacesToldOf(1), 1u);

  ASSERT_TRUE(policies_.Install(Set(kThroughSidecar, 2)));
  EXPECT_EQ(PlacesToldOf(1), 1u) << "under the next rules, too";
  EXPECT_THAT(kernel_.removed, IsEmpty());
}

TEST_F(PoliciesInForceTest, OfMoreThanAreKeptTheOldestGoesAndCountsWhereRulesAsk) {
  ASSERT_TRUE(policies_.Install(Set(kThroughSidecar)));
  for (CgroupId cgroup = 1; cgroup <= 4; ++cgroup) {
    ASSERT_TRUE(policies_.NameContainer(Named(cgroup, "sidecar")));
    ASSERT_TRUE(policies_.Ended(cgroup));
    ASSERT_TRUE(policies_.Ended(cgroup)) << "told twice: one end";
  }
  EXPECT_THAT(kernel_.removed, ElementsAre(1, 2));
  EXPECT_THAT(kernel_.told, UnorderedElementsAre(Key(3), Key(4)));
  EXPECT_EQ(policies_.forgotten(), 2u);
}

TEST_F(PoliciesInForceTest, WhereNoRuleAsksForTheWayNothingIsLost) {
  ASSERT_TRUE(policies_.Install(Set(kNoTrue)));
  for (CgroupId cgroup = 1; cgroup <= 4; ++cgroup) {
    ASSERT_TRUE(policies_.NameContainer(Named(cgroup, "sidecar")));
    ASSERT_TRUE(policies_.Ended(cgroup));
  }
  EXPECT_THAT(kernel_.removed, ElementsAre(1, 2));
  EXPECT_EQ(policies_.forgotten(), 0u);
}

}  // namespace
}  // namespace nestor
