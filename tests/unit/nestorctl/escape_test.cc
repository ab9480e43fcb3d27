// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/escape.h"

#include <gtest/gtest.h>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/shell_quote.h"

namespace nestor::ctl {
namespace {

class EscapeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { UseUnicodeWidths(); }
};

TEST_F(EscapeTest, PlainTextAndOrdinaryUnicodeStay) {
  EXPECT_EQ(EscapeHostile("cat /etc/shadow"), "cat /etc/shadow");
  EXPECT_EQ(EscapeHostile("Übung 日本 └─ ✗ …"), "Übung 日本 └─ ✗ …");
}

TEST_F(EscapeTest, TerminalSequencesBecomeVisible) {
  EXPECT_EQ(EscapeHostile("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(EscapeHostile("\r\n\t\x7f"), "\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(EscapeHostile(std::string_view("\0", 1)), "\\x00");
}

TEST_F(EscapeTest, C1ControlsAreEscapedAsBytesAndAsCodePoints) {
  EXPECT_EQ(EscapeHostile("\x9b[31m"), "\\x9b[31m");           // a raw CSI byte
  EXPECT_EQ(EscapeHostile("\xc2\x9b[31m"), "\\xc2\\x9b[31m");  // U+009B
}

TEST_F(EscapeTest, DirectionOverridesAndInvisibleTextAreEscaped) {
  EXPECT_EQ(EscapeHostile("\u202e"), "\\xe2\\x80\\xae");
  EXPECT_EQ(EscapeHostile("\u202a"), "\\xe2\\x80\\xaa");
  EXPECT_EQ(EscapeHostile("\u2066"), "\\xe2\\x81\\xa6");
  EXPECT_EQ(EscapeHostile("\u2069"), "\\xe2\\x81\\xa9");
  EXPECT_EQ(EscapeHostile("\u200b"), "\\xe2\\x80\\x8b");
  EXPECT_EQ(EscapeHostile("\U000e0041"), "\\xf3\\xa0\\x81\\x81");
}

TEST_F(EscapeTest, InvalidUtf8IsEscapedByteByByte) {
  EXPECT_EQ(EscapeHostile("\xff"), "\\xff");
  EXPECT_EQ(EscapeHostile("\xc0\xaf"), "\\xc0\\xaf");                    // overlong slash
  EXPECT_EQ(EscapeHostile("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(EscapeHostile("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
  EXPECT_EQ(EscapeHostile("\xe2\x80"), "\\xe2\\x80");                    // cut off
}

TEST_F(EscapeTest, StackedCombiningMarksAreBounded) {
  std::string text = "a";
  for (int count = 0; count < 6; ++count) text += "\u0301";

  EXPECT_EQ(EscapeHostile(text), "a\u0301\u0301\u0301\u0301\\xcc\\x81\\xcc\\x81");
}

TEST_F(EscapeTest, EscapingTwiceChangesNothing) {
  const std::string once = EscapeHostile("\x1b\xff\u202e ok");
  EXPECT_EQ(EscapeHostile(once), once);
}

TEST_F(EscapeTest, JsonKeepsItsMeaningAndLosesItsHostileCodePoints) {
  EXPECT_EQ(EscapeHostileJson("{\"a\":\"\u2066x\u009b\"}"), R"({"a":"\u2066x\u009b"})");
  EXPECT_EQ(EscapeHostileJson("\"\U000e0041\""), R"("\udb40\udc41")");
}

TEST_F(EscapeTest, JsonShowsArrowsAsThemselves) {
  EXPECT_EQ(EscapeHostileJson(R"("a -\u003e b \u003c")"), R"("a -> b <")");
  EXPECT_EQ(EscapeHostileJson(R"("\\u003e")"), R"("\\u003e")");  // a backslash, then text
}

TEST_F(EscapeTest, ArgumentsAreQuotedAsAShellReadsThem) {
  EXPECT_EQ(ShellQuote("-la"), "-la");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("a b"), "'a b'");
  EXPECT_EQ(ShellQuote("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuote("$(id)"), "'$(id)'");
  EXPECT_EQ(ShellQuote("x\n\\'"), "$'x\\x0a\\\\\\''");
}

}  // namespace
}  // namespace nestor::ctl
