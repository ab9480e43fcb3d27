// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/time_text.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace nestor::ctl {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;  // 10ms reads as the text under test does

constexpr WallTime kNow(1'790'000'000s);

TEST(TimeTextTest, DurationsAreReadWithTheirUnits) {
  EXPECT_EQ(*ParseDuration("500ms"), 500ms);
  EXPECT_EQ(*ParseDuration("45s"), 45s);
  EXPECT_EQ(*ParseDuration("10m"), 10min);
  EXPECT_EQ(*ParseDuration("1h30m"), 90min);
  EXPECT_EQ(*ParseDuration("2d"), 48h);
  EXPECT_EQ(*ParseDuration("0s"), 0s);
}

TEST(TimeTextTest, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "10", "m", "-5s", "1.5h", "10 m", "10y", "5s ", "99999999999s"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
  EXPECT_EQ(ParseDuration("4000d").error().message, "`4000d` is longer than ten years");
}

TEST(TimeTextTest, SinceIsADurationBeforeNowOrATime) {
  EXPECT_EQ(*ParseSince("10m", kNow), kNow - 10min);
  EXPECT_EQ(*ParseSince("2026-09-21T14:13:20Z", kNow), WallTime(1'790'000'000s));
  EXPECT_EQ(*ParseSince("2026-09-21T16:13:20.5+02:00", kNow), WallTime(1'790'000'000'500ms));
  EXPECT_FALSE(ParseSince("yesterday", kNow));
}

TEST(TimeTextTest, AgesTellTheirTwoLargestUnits) {
  EXPECT_EQ(FormatAge(-3s), "0s");
  EXPECT_EQ(FormatAge(59s), "59s");
  EXPECT_EQ(FormatAge(125s), "2m5s");
  EXPECT_EQ(FormatAge(42min), "42m");
  EXPECT_EQ(FormatAge(125min), "2h5m");
  EXPECT_EQ(FormatAge(49h), "2d1h");
}

TEST(TimeTextTest, ShortRunsAreToldInMilliseconds) {
  EXPECT_EQ(FormatRunTime(12'345us), "12ms");
  EXPECT_EQ(FormatRunTime(3'456ms), "3.4s");
  EXPECT_EQ(FormatRunTime(61s), "1m1s");
}

TEST(TimeTextTest, TimesOfAnotherDayCarryTheirDate) {
  setenv("TZ", "UTC", 1);
  tzset();

  EXPECT_EQ(FormatClock(kNow + 7ms, kNow), "14:13:20.007");
  EXPECT_EQ(FormatClock(kNow - 24h, kNow), "2026-09-20 14:13:20.000");
  EXPECT_EQ(FormatDate(kNow), "2026-09-21 14:13:20 UTC");
}

TEST(TimeTextTest, TimestampsConvertBothWays) {
  EXPECT_EQ(ToWallTime(ToTimestamp(kNow + 5ns)), kNow + 5ns);
}

}  // namespace
}  // namespace nestor::ctl
