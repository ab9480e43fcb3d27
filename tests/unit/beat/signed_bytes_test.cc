// SPDX-License-Identifier: Apache-2.0
// The numbers are from a Python script that follows event.proto's comments, and from `openssl
// pkeyutl -sign -rawin`: a change of the bytes makes recordings of earlier builds invalid.
#include "agent/beat/signed_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

using testing::HasSubstr;

TEST(SignedBytesTest, AHeartbeatsAreThoseOfTheProtocol) {
  const HeartbeatInfo beat = sample::Beat();

  EXPECT_EQ(SignedBytes(beat).size(), 246u);
  EXPECT_EQ(Sha256Hex(SignedBytes(beat)),
            "ac51b9ddd7c6521d9a241764c6610fd64408e87b1330de6b7920569a229c122c");
  EXPECT_EQ(Sha256Hex(beat.signature), Sha256Hex(sample::Key().Sign(SignedBytes(beat))));
}

TEST(SignedBytesTest, AGapsAreThoseOfTheProtocol) {
  EXPECT_EQ(SignedBytes(sample::Gap()).size(), 282u);
  EXPECT_EQ(Sha256Hex(SignedBytes(sample::Gap())),
            "a417426adf2467b2c98099fa6613dca4a2316ea6735cc90cce6f33e0ea77445a");
}

// No field is forgotten, and no two heartbeats have the same bytes.
TEST(SignedBytesTest, EachFieldOfAHeartbeatCounts) {
  const std::string bytes = SignedBytes(sample::Beat());
  for (const auto field :
       {&HeartbeatInfo::instance, &HeartbeatInfo::number, &HeartbeatInfo::first_seq,
        &HeartbeatInfo::last_seq, &HeartbeatInfo::losses, &HeartbeatInfo::interval_ns,
        &HeartbeatInfo::boot_ns, &HeartbeatInfo::time_ns}) {
    HeartbeatInfo beat = sample::Beat();
    ++(beat.*field);
    EXPECT_NE(SignedBytes(beat), bytes);
  }
  for (const auto field : {&HeartbeatInfo::node, &HeartbeatInfo::boot_id, &HeartbeatInfo::previous,
                           &HeartbeatInfo::key_id}) {
    HeartbeatInfo beat = sample::Beat();
    (beat.*field) += "x";
    EXPECT_NE(SignedBytes(beat), bytes);
  }
  HeartbeatInfo beat = sample::Beat();
  beat.final = false;
  EXPECT_NE(SignedBytes(beat), bytes);
}

TEST(SignedBytesTest, EachFieldOfAGapCounts) {
  const std::string bytes = SignedBytes(sample::Gap());
  for (const auto field :
       {&GapInfo::instance, &GapInfo::boot_ns, &GapInfo::time_ns, &GapInfo::previous_instance,
        &GapInfo::previous_number, &GapInfo::previous_seq, &GapInfo::previous_boot_ns,
        &GapInfo::previous_time_ns, &GapInfo::losses}) {
    GapInfo gap = sample::Gap();
    ++(gap.*field);
    EXPECT_NE(SignedBytes(gap), bytes);
  }
  for (const auto field :
       {&GapInfo::node, &GapInfo::boot_id, &GapInfo::earlier, &GapInfo::previous_boot_id,
        &GapInfo::ending, &GapInfo::kernel, &GapInfo::previous, &GapInfo::key_id}) {
    GapInfo gap = sample::Gap();
    (gap.*field) += "x";
    EXPECT_NE(SignedBytes(gap), bytes);
  }
  GapInfo gap = sample::Gap();
  gap.same_boot = true;
  EXPECT_NE(SignedBytes(gap), bytes);
}

TEST(SignedBytesTest, TwoTextsCanNotPassLettersToEachOther) {
  HeartbeatInfo beat = sample::Beat();
  const std::string bytes = SignedBytes(beat);
  beat.node += beat.boot_id[0];
  beat.boot_id.erase(0, 1);

  EXPECT_NE(SignedBytes(beat), bytes);
}

TEST(SignedBytesTest, AHeartbeatComesBackFromItsFile) {
  const auto read = FromBeatFile(ToBeatFile(sample::Beat()));

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, sample::Beat());
}

TEST(SignedBytesTest, AFileThatIsCutAnywhereIsRefused) {
  const std::string file = ToBeatFile(sample::Beat());
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(FromBeatFile(file.substr(0, size)));
  EXPECT_FALSE(FromBeatFile(file + "x"));
}

TEST(SignedBytesTest, AFileOfSomethingElseIsRefusedWithThePlace) {
  std::string file = ToBeatFile(sample::Beat());
  EXPECT_EQ(FromBeatFile("{}").error().message, "does not begin as a heartbeat");
  EXPECT_EQ(FromBeatFile(file + std::string(4096, 'x')).error().message,
            "is longer than a heartbeat");
  file[20] = '\x7f';  // the length of the node's name
  EXPECT_THAT(FromBeatFile(file).error().message, HasSubstr("from byte 24 on"));
}

}  // namespace
}  // namespace nestor
