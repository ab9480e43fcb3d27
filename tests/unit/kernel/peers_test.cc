// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/peers.h"

#include <gtest/gtest.h>

#include "bpf/siphash.h"

namespace nestor {
namespace {

// From the reference implementation: key 00..0f, text 00, 01, ... of the given length.
TEST(SipHashOfWordsTest, GivesTheValuesOfTheReference) {
  constexpr __u64 kKey[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  constexpr __u64 kWords[4] = {0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110,
                               0x1f1e1d1c1b1a1918};

  EXPECT_EQ(nestor_siphash(kKey, kWords, 0), 0x726fdb47dd0e0e31);
  EXPECT_EQ(nestor_siphash(kKey, kWords, 1), 0x93f5f5799a932462);
  EXPECT_EQ(nestor_siphash(kKey, kWords, 2), 0x3f2acc7f57c29bdb);
  EXPECT_EQ(nestor_siphash(kKey, kWords, 4), 0x7127512f72f27cce);
}

TEST(NodeIdTest, IsTheSameOnAllNodesAndNeverUnknown) {
  EXPECT_EQ(NodeId("node-a"), NodeId(std::string("node-") + "a"));
  EXPECT_NE(NodeId("node-a"), NodeId("node-b"));
  EXPECT_NE(NodeId(""), 0u);
  EXPECT_NE(NodeId("node-a"), 0u);
}

TEST(NodeIdTest, ANameOfAnyLengthHasOne) {
  EXPECT_NE(NodeId(std::string(10'000, 'x')), NodeId("x"));
}

}  // namespace
}  // namespace nestor
