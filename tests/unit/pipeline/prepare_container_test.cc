// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "agent/pipeline/pipeline.h"
#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "tests/unit/pipeline/quiet_node.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr CgroupId kCgroup = 7;
const std::string kId(64, 'a');

std::shared_ptr<const PolicySet> ForLabel() {
  auto documents = ParsePolicies(
      "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: test}\nspec:\n"
      "  selector: {matchLabels: {app: web}}\n"
      "  rules:\n  - {name: no-true, exec: {paths: [/bin/true]}}\n",
      "test.yaml");
  EXPECT_TRUE(documents);
  auto compiled = Compile(*documents, 1);
  EXPECT_TRUE(compiled);
  auto set = std::make_shared<PolicySet>();
  set->compiled = *std::move(compiled);
  return set;
}

PreparedContainer Prepared() {
  PreparedContainer prepared;
  prepared.cgroup = kCgroup;
  prepared.names.id = kId;
  prepared.names.name = "main";
  prepared.names.pod = "web-0";
  prepared.names.namespace_name = "shop";
  prepared.told = prepared.names;
  prepared.names.pod_labels = {{"app", "web"}};
  prepared.labelled = prepared.confirmed = true;
  return prepared;
}

class PrepareContainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pipeline_ = node_.MakePipeline();
    ASSERT_TRUE(pipeline_->Start(ForLabel()).ok());
    thread_ = std::thread([this] { EXPECT_TRUE(pipeline_->Run().ok()); });
  }
  void TearDown() override {
    pipeline_->Stop();
    node_.kernel.source.Wake();
    thread_.join();
  }

  uint64_t Counter(const std::string& name) {
    const NodeStatus status = pipeline_->GetStatus();
    const auto found =
        std::ranges::find(status.counters, name, &std::pair<std::string, uint64_t>::first);
    EXPECT_NE(found, status.counters.end()) << name;
    return found == status.counters.end() ? 0 : found->second;
  }

  QuietNode node_;
  std::unique_ptr<Pipeline> pipeline_;
  std::thread thread_;
};

TEST_F(PrepareContainerTest, ItsRulesAreInTheKernelAtTheReturn) {
  const auto labelled = pipeline_->PrepareContainer(Prepared());
  ASSERT_TRUE(labelled) << labelled.error().message;
  EXPECT_TRUE(*labelled);
  ASSERT_THAT(node_.kernel.told, SizeIs(1));
  EXPECT_NE(node_.kernel.told.at(kCgroup).rules, RuleBits{});
  EXPECT_EQ(Counter("containers-named"), 1u);
  EXPECT_EQ(Counter("containers-name-corrected"), 0u);
  EXPECT_EQ(pipeline_->events().last_seq(), 0u) << "nobody waits for a name";
}

TEST_F(PrepareContainerTest, WithoutLabelsTheRulesForUnknownOnesStay) {
  PreparedContainer prepared = Prepared();
  prepared.labelled = prepared.confirmed = false;
  prepared.names.pod_labels.clear();
  const auto labelled = pipeline_->PrepareContainer(prepared);
  ASSERT_TRUE(labelled);
  EXPECT_FALSE(*labelled);
  EXPECT_THAT(node_.kernel.told, IsEmpty());
}

TEST_F(PrepareContainerTest, AFullKernelIsAnError) {
  node_.kernel.full = true;
  const auto labelled = pipeline_->PrepareContainer(Prepared());
  ASSERT_FALSE(labelled);
  EXPECT_THAT(labelled.error().message, HasSubstr("full"));
}

TEST_F(PrepareContainerTest, WhereTheCriDisagreesItsWordCountsAndIsTold) {
  PreparedContainer prepared = Prepared();
  prepared.told.pod = "impostor";
  ASSERT_TRUE(pipeline_->PrepareContainer(prepared));
  const auto batch = pipeline_->events().Read(1, 10, milliseconds(5000));
  ASSERT_THAT(batch.events, SizeIs(1));
  EXPECT_EQ((*batch.events[0])->type, EventType::kWorkload);
  EXPECT_EQ((*batch.events[0])->workload.pod, "web-0");
  EXPECT_EQ(Counter("containers-name-corrected"), 1u);
  EXPECT_THAT(pipeline_->GetStatus().warnings, ::testing::Contains(HasSubstr("impostor")));
}

}  // namespace
}  // namespace nestor
