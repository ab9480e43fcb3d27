// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/heart.h"

#include <gtest/gtest.h>

#include "agent/beat/signed_bytes.h"
#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

Heart Made(LastBeat last = {kEarlierNone, {}, ""}) {
  return Heart({"node-a", "b00t", 100, 10 * kSecond}, sample::Key(), std::move(last), nullptr);
}

template <typename Info>
bool Holds(const Info& info) {
  return sample::Key().public_key().Holds(SignedBytes(info), info.signature);
}

TEST(HeartTest, HeartbeatsCoverAllSeqsOnce) {
  Heart heart = Made();

  const HeartbeatInfo one = heart.Beat({kSecond, 7}, 12, 0, false);
  const HeartbeatInfo two = heart.Beat({2 * kSecond, 8}, 13, 3, false);

  EXPECT_EQ(one.number, 1u);
  EXPECT_EQ(one.first_seq, 1u);
  EXPECT_EQ(one.last_seq, 12u);
  EXPECT_EQ(two.number, 2u);
  EXPECT_EQ(two.first_seq, 13u);
  EXPECT_EQ(two.last_seq, 13u);
  EXPECT_EQ(two.losses, 3u);
  EXPECT_EQ(two.time_ns, 8u);
}

TEST(HeartTest, EachFollowsTheOneBeforeAndTheFirstTheGap) {
  Heart heart = Made();

  const GapInfo gap = heart.MakeGap({kSecond, 7}, kKernelKept, 4);
  const HeartbeatInfo one = heart.Beat({kSecond, 7}, 12, 0, false);
  const HeartbeatInfo two = heart.Beat({2 * kSecond, 8}, 13, 0, true);

  EXPECT_EQ(gap.previous, "");
  EXPECT_EQ(one.previous, Sha256Hex(SignedBytes(gap)));
  EXPECT_EQ(two.previous, Sha256Hex(SignedBytes(one)));
  EXPECT_FALSE(one.final);
  EXPECT_TRUE(two.final);
}

TEST(HeartTest, WhatItMakesIsSigned) {
  Heart heart = Made();

  EXPECT_TRUE(Holds(heart.MakeGap({kSecond, 7}, kKernelNothing, 0)));
  EXPECT_TRUE(Holds(heart.Beat({kSecond, 7}, 12, 0, false)));
}

TEST(HeartTest, OneIsDueAtOnceAndThenAfterEachInterval) {
  Heart heart = Made();
  EXPECT_TRUE(heart.Due(1));

  heart.Beat({kSecond, 7}, 12, 0, false);

  EXPECT_FALSE(heart.Due(11 * kSecond - 1));
  EXPECT_TRUE(heart.Due(11 * kSecond));
}

TEST(HeartTest, AGapSaysWhatWasInForceAndLost) {
  Heart heart = Made({kEarlierKnown, sample::Beat(), ""});

  const GapInfo gap = heart.MakeGap({kSecond, 7}, kKernelReplaced, 4);

  EXPECT_EQ(gap.node, "node-a");
  EXPECT_EQ(gap.instance, 100u);
  EXPECT_EQ(gap.boot_ns, kSecond);
  EXPECT_EQ(gap.kernel, kKernelReplaced);
  EXPECT_EQ(gap.losses, 4u);
  EXPECT_EQ(gap.previous_seq, sample::Beat().last_seq);
  EXPECT_EQ(heart.Suspicion(), "");
}

TEST(HeartTest, AnAlteredFileIsSuspiciousAndNoFileIsNot) {
  EXPECT_EQ(Made({kEarlierUnreadable, {}, "is no regular file"}).Suspicion(), "is no regular file");
  EXPECT_EQ(Made({kEarlierNotOurs, {}, "its signature does not hold"}).Suspicion(),
            "its signature does not hold");
  EXPECT_EQ(Made().Suspicion(), "");
  EXPECT_EQ(Made({kEarlierUnusable, {}, "is full"}).Suspicion(), "");
}

TEST(HeartTest, TheLastHeartbeatIsKeptWhenTheHeartIsGone) {
  HeartbeatInfo kept;
  {
    Heart heart({"node-a", "b00t", 100, kSecond}, sample::Key(), {kEarlierNone, {}, ""},
                std::make_unique<Keeper>(
                    [&kept](const HeartbeatInfo& beat) {
                      kept = beat;
                      return Status();
                    },
                    [](const Error&) {}));
    heart.Beat({kSecond, 7}, 12, 0, false);
    heart.Beat({2 * kSecond, 8}, 13, 0, true);
  }

  EXPECT_EQ(kept.number, 2u);
  EXPECT_TRUE(kept.final);
}

}  // namespace
}  // namespace nestor
