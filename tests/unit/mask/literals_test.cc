// SPDX-License-Identifier: Apache-2.0
#include "agent/mask/literals.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

constexpr Literals::Text kTexts[] = {{"pass", 1}, {"passwd", 2}, {"ass", 4}, {"-", 8}, {"wd-", 16}};

Literals::Groups In(std::string_view text) { return Literals(kTexts).In(text); }

TEST(LiteralsTest, EachTextIsFoundWhereverItStands) {
  EXPECT_EQ(In("pass"), 1u | 4u);
  EXPECT_EQ(In("x-y"), 8u);
  EXPECT_EQ(In("compass"), 1u | 4u);
  EXPECT_EQ(In(""), 0u);
  EXPECT_EQ(In("pas swd"), 0u);
}

TEST(LiteralsTest, TextsThatOverlapOrEndAnotherOneAreAllFound) {
  EXPECT_EQ(In("passwd-"), 1u | 2u | 4u | 8u | 16u);
  EXPECT_EQ(In("papasspasswd"), 1u | 2u | 4u);
  EXPECT_EQ(In("assass"), 4u);
}

TEST(LiteralsTest, CaseDoesNotCount) { EXPECT_EQ(In("PaSsWd"), 1u | 2u | 4u); }

TEST(LiteralsTest, AnyByteMayStandBetween) {
  EXPECT_EQ(In(std::string_view("\xff\0pass\x80", 7)), 1u | 4u);
  EXPECT_EQ(In(std::string_view("pa\0ss", 5)), 0u);
  EXPECT_EQ(In("\x10\x01\x13\x13"), 0u) << "bytes that differ by the case bit and are no letters";
}

TEST(LiteralsTest, WithoutTextsNothingIsFound) { EXPECT_EQ(Literals({}).In("pass"), 0u); }

}  // namespace
}  // namespace nestor
