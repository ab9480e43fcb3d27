// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/gap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

using testing::HasSubstr;

LastBeat Judge(const HeartbeatInfo& beat) {
  return JudgeBeatFile(ToBeatFile(beat), sample::Key().public_key());
}

HeartbeatInfo SignedAgain(HeartbeatInfo beat) {
  beat.signature = sample::Key().Sign(SignedBytes(beat));
  return beat;
}

TEST(GapTest, AHeartbeatThatThisKeySignedIsKnown) {
  const LastBeat last = Judge(sample::Beat());

  EXPECT_EQ(last.earlier, kEarlierKnown);
  EXPECT_EQ(last.beat, sample::Beat());
}

TEST(GapTest, AnAlteredOneIsNotOurs) {
  HeartbeatInfo beat = sample::Beat();
  beat.last_seq = 40;

  const LastBeat last = Judge(beat);

  EXPECT_EQ(last.earlier, kEarlierNotOurs);
  EXPECT_EQ(last.detail, "its signature does not hold");
}

TEST(GapTest, OneOfAnotherKeyIsNotOurs) {
  const LastBeat last = JudgeBeatFile(ToBeatFile(sample::Beat()), sample::OtherKey().public_key());

  EXPECT_EQ(last.earlier, kEarlierNotOurs);
  EXPECT_THAT(last.detail, HasSubstr(sample::kKeyId));
}

TEST(GapTest, AFileOfSomethingElseIsUnreadable) {
  const LastBeat last = JudgeBeatFile("nonsense", sample::Key().public_key());

  EXPECT_EQ(last.earlier, kEarlierUnreadable);
  EXPECT_EQ(last.detail, "does not begin as a heartbeat");
}

TEST(GapTest, AFinalHeartbeatMeansOnPurposeAndAnyOtherKilled) {
  GapInfo gap;
  gap.boot_id = "b00t";
  FillEarlier(Judge(sample::Beat()), gap);
  EXPECT_EQ(gap.ending, kEndedOnPurpose);

  HeartbeatInfo beat = sample::Beat();
  beat.final = false;
  FillEarlier(Judge(SignedAgain(beat)), gap);
  EXPECT_EQ(gap.ending, kEndedKilled);
}

TEST(GapTest, WhatTheLastHeartbeatSaidStandsInTheGap) {
  GapInfo gap;
  gap.boot_id = "b00t";

  FillEarlier(Judge(sample::Beat()), gap);

  EXPECT_EQ(gap.earlier, kEarlierKnown);
  EXPECT_EQ(gap.previous_boot_id, "b00t");
  EXPECT_EQ(gap.previous_instance, 1u);
  EXPECT_EQ(gap.previous_number, 2u);
  EXPECT_EQ(gap.previous_seq, 4u);
  EXPECT_EQ(gap.previous_boot_ns, 7u);
  EXPECT_EQ(gap.previous_time_ns, 1'764'191'921'000'000'008u);
  EXPECT_TRUE(gap.same_boot);
  EXPECT_EQ(gap.previous, Sha256Hex(SignedBytes(sample::Beat())));
}

TEST(GapTest, AnotherBootIsTold) {
  GapInfo gap;
  gap.boot_id = "another";

  FillEarlier(Judge(sample::Beat()), gap);

  EXPECT_FALSE(gap.same_boot);
}

TEST(GapTest, NothingOfAHeartbeatThatIsNotBelievedGoesOn) {
  HeartbeatInfo beat = sample::Beat();
  beat.last_seq = 40;
  GapInfo gap;
  gap.boot_id = "b00t";

  FillEarlier(Judge(beat), gap);

  GapInfo bare;
  bare.boot_id = "b00t";
  bare.earlier = kEarlierNotOurs;
  EXPECT_EQ(gap, bare);
}

}  // namespace
}  // namespace nestor
