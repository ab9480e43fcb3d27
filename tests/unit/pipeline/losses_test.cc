// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "agent/pipeline/pipeline.h"
#include "tests/unit/pipeline/quiet_node.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Pair;

auto Loss(const std::string& where, uint64_t count, uint64_t total) {
  return AllOf(Field("where", &LossRecord::where, where), Field("count", &LossRecord::count, count),
               Field("total", &LossRecord::total, total));
}

TEST(LossesTest, OwnOnesAreToldByWhatTheyGrew) {
  Losses losses;
  losses.Add("decode", 2);
  EXPECT_THAT(losses.Take(1), ElementsAre(Loss("decode", 2, 2)));
  EXPECT_THAT(losses.Take(2), IsEmpty());
  losses.Add("decode", 1);
  EXPECT_THAT(losses.Take(3), ElementsAre(Loss("decode", 1, 3)));
}

TEST(LossesTest, WhatAnEarlierStartToldOfTheKernelIsNotToldAgain) {
  Losses losses;
  losses.Pass({1, "ring-bulk", 3, 30});
  EXPECT_THAT(losses.Take(1), ElementsAre(Loss("ring-bulk", 3, 30)));
  losses.Pass({2, "ring-bulk", 3, 30});
  EXPECT_THAT(losses.Take(2), IsEmpty()) << "no reader had it yet, and it is the same";
  losses.Pass({3, "ring-bulk", 5, 32});
  EXPECT_THAT(losses.Take(3), ElementsAre(Loss("ring-bulk", 2, 32)));
}

TEST(LossesTest, ATotalThatFallsIsNoNewLossAndCountsByTheMostItWas) {
  Losses losses;
  losses.Pass({1, "program-missed", 5, 5});
  EXPECT_THAT(losses.Take(1), ElementsAre(Loss("program-missed", 5, 5)));

  losses.Pass({2, "program-missed", 3, 3});
  EXPECT_THAT(losses.Take(2), IsEmpty()) << "two of the five were made good";
  EXPECT_THAT(losses.totals(), ElementsAre(Pair("program-missed", 5)));

  losses.Pass({3, "program-missed", 7, 7});
  EXPECT_THAT(losses.Take(3), ElementsAre(Loss("program-missed", 2, 7)));
}

TEST(LossesTest, ATotalThatFallsBeforeItWasToldIsToldAsTheMostItWas) {
  Losses losses;
  losses.SetTotal("chain-table", 5);
  losses.SetTotal("chain-table", 3);

  EXPECT_THAT(losses.Take(1), ElementsAre(Loss("chain-table", 5, 5)));
}

TEST(LossesTest, ARecordThatCountsMoreThanItsTotalIsToldByItsTotal) {
  Losses losses;
  losses.Pass({1, "ring-bulk", 9, 4});

  EXPECT_THAT(losses.Take(1), ElementsAre(Loss("ring-bulk", 4, 4)));
}

// A nestord in a kernel that lost something.
class UntoldLossesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    node_.kernel.lost = {{1, "ring-bulk", 3, 30}};
    pipeline_ = node_.MakePipeline();
    ASSERT_TRUE(pipeline_->Start(std::make_shared<PolicySet>()).ok());
  }

  // Its life, with a reader who has had events up to `told`.
  void RunUntilTold(uint64_t told) {
    std::thread thread([this] { EXPECT_TRUE(pipeline_->Run().ok()); });
    pipeline_->events().NoteTold(told);
    pipeline_->GetStatus();  // a turn of the loop
    pipeline_->Stop();
    node_.kernel.source.Wake();
    thread.join();
  }

  uint64_t SeqOfLoss() const {
    const auto batch = pipeline_->events().Read(1, 100, milliseconds(0));
    for (const auto& event : batch.events) {
      if ((*event)->type == EventType::kLoss) return (*event)->seq;
    }
    ADD_FAILURE() << "no loss was told";
    return 0;
  }

  QuietNode node_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(UntoldLossesTest, OfWhatNoReaderHasTheNextStartTells) {
  RunUntilTold(SeqOfLoss() - 1);
  EXPECT_THAT(node_.kernel.confirmed, IsEmpty());
}

TEST_F(UntoldLossesTest, WhatAReaderHasIsToldOnce) {
  RunUntilTold(SeqOfLoss());
  EXPECT_THAT(node_.kernel.confirmed, ElementsAre(Loss("ring-bulk", 3, 30)));
}

}  // namespace
}  // namespace nestor
