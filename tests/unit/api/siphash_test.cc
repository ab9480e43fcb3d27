// SPDX-License-Identifier: Apache-2.0
#include "agent/api/siphash.h"

#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

// From the reference implementation: key 00..0f, text 00, 01, ... of the given length.
constexpr SipKey kReferenceKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string Counting(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHashTest, GivesTheValuesOfTheReference) {
  EXPECT_EQ(SipHash(kReferenceKey, Counting(0)), 0x726fdb47dd0e0e31);
  EXPECT_EQ(SipHash(kReferenceKey, Counting(1)), 0x74f839c593dc67fd);
  EXPECT_EQ(SipHash(kReferenceKey, Counting(8)), 0x93f5f5799a932462);
  EXPECT_EQ(SipHash(kReferenceKey, Counting(15)), 0xa129ca6149be45e5);
}

TEST(SipHashTest, AnotherKeyGivesAnotherHash) {
  EXPECT_NE(RandomSipKey(), RandomSipKey());
  EXPECT_NE(SipHash({1, 2}, "text"), SipHash({1, 3}, "text"));
}

}  // namespace
}  // namespace nestor
