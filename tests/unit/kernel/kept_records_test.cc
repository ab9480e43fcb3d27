// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/kept_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using std::chrono::seconds;
using ::testing::Eq;
using ::testing::Optional;

class KeptRecordsTest : public ::testing::Test {
 protected:
  static KeptRecords::Clock::time_point At(int64_t second) {
    return KeptRecords::Clock::time_point(seconds(second));
  }

  volatile uint64_t unsure_ = 0;
  KeptRecords kept_{&unsure_};
};

TEST_F(KeptRecordsTest, WhatNoReaderHasStays) {
  kept_.Read(100, 2);
  kept_.Note(2, 0, At(1));

  EXPECT_EQ(kept_.TakeTold(At(1000)), std::nullopt);
}

TEST_F(KeptRecordsTest, WhatAReaderHadSinceThenGoes) {
  kept_.Read(100, 2);
  kept_.Note(2, 2, At(1));

  EXPECT_EQ(kept_.TakeTold(At(0)), std::nullopt);
  EXPECT_THAT(kept_.TakeTold(At(1)), Optional(Eq(100u)));
  EXPECT_EQ(kept_.TakeTold(At(9)), std::nullopt) << "it went once";
}

TEST_F(KeptRecordsTest, ItStaysUntilItsLastEventIsTold) {
  kept_.Read(100, 2);
  kept_.Note(2, 1, At(1));
  kept_.Read(200, 2);
  kept_.Note(4, 2, At(2));
  kept_.Read(300, 2);
  kept_.Note(6, 3, At(3));

  EXPECT_THAT(kept_.TakeTold(At(9)), Optional(Eq(100u)));
  kept_.Note(6, 6, At(4));
  EXPECT_EQ(kept_.TakeTold(At(3)), std::nullopt);
  EXPECT_THAT(kept_.TakeTold(At(9)), Optional(Eq(300u)));
}

TEST_F(KeptRecordsTest, WhatMadeNoEventNeedsNoReader) {
  kept_.Read(100, 2);
  kept_.Note(0, 0, At(1));

  EXPECT_THAT(kept_.TakeTold(At(1)), Optional(Eq(100u)));
}

TEST_F(KeptRecordsTest, WhatIsGivenUpIsUnsureUntilAReaderHasIt) {
  kept_.Read(100, 2);
  kept_.GiveUp(200, 3);
  EXPECT_EQ(unsure_, 5u);

  kept_.Note(7, 6, At(1));
  (void)kept_.TakeTold(At(9));
  EXPECT_EQ(unsure_, 5u);

  kept_.Note(9, 7, At(2));
  (void)kept_.TakeTold(At(1));
  EXPECT_EQ(unsure_, 5u) << "it may be on its way yet";
  (void)kept_.TakeTold(At(2));
  EXPECT_EQ(unsure_, 0u);
}

TEST_F(KeptRecordsTest, WithoutAReaderWhatIsGivenUpIsCountedWhollyAndStillKnownAsOneWhenItIsTold) {
  constexpr uint64_t kTimes = 5'000;
  for (uint64_t time = 1; time <= kTimes; ++time) {
    kept_.GiveUp(100 * time, 2);
    kept_.Note(time, 0, At(0));
  }
  EXPECT_EQ(unsure_, 2 * kTimes);

  kept_.Note(kTimes, kTimes - 1, At(1));
  (void)kept_.TakeTold(At(10));
  EXPECT_GT(unsure_, 0u) << "the last of them is not told";
  kept_.Note(kTimes, kTimes, At(11));
  (void)kept_.TakeTold(At(20));
  EXPECT_EQ(unsure_, 0u);
}

TEST_F(KeptRecordsTest, SeveralRingsCountTogether) {
  KeptRecords other(&unsure_);
  kept_.GiveUp(100, 3);
  other.GiveUp(100, 4);
  EXPECT_EQ(unsure_, 7u);

  kept_.Clear();
  EXPECT_EQ(unsure_, 4u);
}

}  // namespace
}  // namespace nestor
