// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

HeartbeatInfo Numbered(uint64_t number) {
  HeartbeatInfo beat = sample::Beat();
  beat.number = number;
  return beat;
}

TEST(KeeperTest, ASlowDiskHoldsNobodyBackAndGetsTheLast) {
  std::vector<uint64_t> written;
  std::latch began(1), go_on(1);
  {
    Keeper keeper(
        [&](const HeartbeatInfo& beat) {
          written.push_back(beat.number);
          if (beat.number == 1) {
            began.count_down();
            go_on.wait();
          }
          return Status();
        },
        [](const Error&) {});
    keeper.Keep(Numbered(1));
    began.wait();

    keeper.Keep(Numbered(2));
    keeper.Keep(Numbered(3));
    go_on.count_down();
  }

  EXPECT_EQ(written, (std::vector<uint64_t>{1, 3}));
}

TEST(KeeperTest, FailuresAreCountedAndARowOfThemIsToldOnce) {
  std::vector<std::string> told;
  {
    Keeper keeper(
        [](const HeartbeatInfo& beat) -> Status {
          return Error::Internal("full at " + std::to_string(beat.number));
        },
        [&](const Error& error) { told.push_back(error.message); });

    for (uint64_t number = 1; number <= 3; ++number) {
      keeper.Keep(Numbered(number));
      while (keeper.failures() < number) std::this_thread::yield();
    }
  }

  EXPECT_EQ(told, std::vector<std::string>{"full at 1"});
}

TEST(KeeperTest, ANewRowOfFailuresIsToldAgain) {
  std::vector<std::string> told;
  std::atomic<uint64_t> written{0};
  {
    Keeper keeper(
        [&](const HeartbeatInfo& beat) -> Status {
          ++written;
          if (beat.number == 2) return {};
          return Error::Internal("full at " + std::to_string(beat.number));
        },
        [&](const Error& error) { told.push_back(error.message); });

    for (uint64_t number = 1; number <= 3; ++number) {
      keeper.Keep(Numbered(number));
      while (written < number) std::this_thread::yield();
    }
  }

  EXPECT_EQ(told, (std::vector<std::string>{"full at 1", "full at 3"}));
}

}  // namespace
}  // namespace nestor
