// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/line.h"

#include <gtest/gtest.h>

#include "tools/nestorctl/display_width.h"

namespace nestor::ctl {
namespace {

class LineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { UseUnicodeWidths(); }
};

TEST_F(LineTest, WideAndCombiningCharactersCountAsTheyAreDrawn) {
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("└─ ✗"), 4U);
}

TEST_F(LineTest, CutTextEndsWithAnEllipsisAndNeverSplitsACharacter) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

TEST_F(LineTest, TheShrinkablePartGivesWayFirst) {
  Line line;
  line.Add("12 ").AddShrinkable("a very long command line").Add("  3m");

  EXPECT_EQ(line.Render(20, false), "12 a very long …  3m");
}

TEST_F(LineTest, WhatStillDoesNotFitIsCutAtTheEnd) {
  Line line;
  line.Add("123456").Add("7890");

  EXPECT_EQ(line.Render(10, false), "1234567890");
  EXPECT_EQ(line.Render(9, false), "12345678…");
  EXPECT_EQ(line.Render(6, false), "12345…");
}

TEST_F(LineTest, ColorSequencesAreWholeAndTakeNoRoom) {
  Line line;
  line.Add("ab", Style::kBad).Add("cdef", Style::kDim);

  EXPECT_EQ(line.Render(4, true), "\x1b[1;31mab\x1b[0m\x1b[2mc…\x1b[0m");
}

TEST_F(LineTest, HostileTextCannotReachTheTerminal) {
  Line line;
  line.Add("\x1b]0;owned\x07");

  EXPECT_EQ(line.Render(0, true), "\\x1b]0;owned\\x07");
}

}  // namespace
}  // namespace nestor::ctl
