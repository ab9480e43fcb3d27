// SPDX-License-Identifier: Apache-2.0
#include "agent/api/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

using namespace std::string_literals;

#define FFFD "\xEF\xBF\xBD"

TEST(Utf8Test, WellFormedTextStaysAsItIs) {
  for (const std::string& text :
       {""s, "plain"s, "a longer text of ASCII only"s, "caf\xC3\xA9"s, "\xE2\x82\xAC 5"s,
        "\xF0\x9F\x90\xA6 bird"s, "\x7F"s, "nul\0byte"s, "esc\x1B[31m"s}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
    EXPECT_EQ(ToUtf8(text), text);
  }
}

TEST(Utf8Test, TheBoundsOfEachLengthAreWellFormed) {
  for (const char* text : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text));
  }
}

TEST(Utf8Test, StrayBytesAreReplacedOneByOne) {
  EXPECT_EQ(ToUtf8("a\x80z"), "a" FFFD "z");
  EXPECT_EQ(ToUtf8("\xFF\xFE"), FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xF5\x80\x80\x80"), FFFD FFFD FFFD FFFD);
  EXPECT_EQ(ToUtf8("12345678\xFF"), "12345678" FFFD);
}

TEST(Utf8Test, OverlongFormsAreReplaced) {
  EXPECT_EQ(ToUtf8("\xC0\xAF"), FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xC1\xBF"), FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xE0\x80\xAF"), FFFD FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xE0\x9F\xBF"), FFFD FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xF0\x80\x80\xAF"), FFFD FFFD FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xF0\x8F\xBF\xBF"), FFFD FFFD FFFD FFFD);
}

TEST(Utf8Test, SurrogatesAreReplaced) {
  EXPECT_EQ(ToUtf8("\xED\xA0\x80"), FFFD FFFD FFFD);
  EXPECT_EQ(ToUtf8("\xED\xBF\xBF"), FFFD FFFD FFFD);
}

TEST(Utf8Test, ValuesPastUnicodeAreReplaced) {
  EXPECT_EQ(ToUtf8("\xF4\x90\x80\x80"), FFFD FFFD FFFD FFFD);
}

TEST(Utf8Test, ACutCharacterIsReplacedOnce) {
  EXPECT_EQ(ToUtf8("\xC3"), FFFD);
  EXPECT_EQ(ToUtf8("a\xE2\x82"), "a" FFFD);
  EXPECT_EQ(ToUtf8("\xF0\x9F\x90"), FFFD);
  EXPECT_EQ(ToUtf8("\xF0\x9F\x90z"), FFFD "z");
  EXPECT_EQ(ToUtf8("\xE2\x82\xE2\x82\xAC"), FFFD "\xE2\x82\xAC");
}

// The example of the Unicode standard, table 3-8.
TEST(Utf8Test, MaximalSubpartsAreReplacedAsTheStandardShows) {
  EXPECT_EQ(ToUtf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d");
}

TEST(Utf8Test, WhateverComesInUtf8ComesOut) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{'x', static_cast<char>(first), static_cast<char>(second), '\x80'};
      const std::string made = ToUtf8(text);
      EXPECT_TRUE(IsUtf8(made));
      EXPECT_EQ(made == text, IsUtf8(text));
      EXPECT_LE(made.size(), 3 * text.size());
    }
  }
}

}  // namespace
}  // namespace nestor
