// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/terminal.h"

#include <gtest/gtest.h>

#include "tools/nestorctl/screen.h"

namespace nestor::ctl {
namespace {

TerminalFacts Xterm() {
  return {.is_terminal = true, .term = "xterm-256color", .no_color = "", .columns = ""};
}

TEST(TerminalTest, ColorIsForTerminalsThatCan) {
  TerminalFacts pipe = Xterm(), dumb = Xterm(), unset = Xterm();
  pipe.is_terminal = false;
  dumb.term = "dumb";
  unset.term = "";

  EXPECT_TRUE(UseColor(ColorMode::kAuto, Xterm()));
  EXPECT_FALSE(UseColor(ColorMode::kAuto, pipe));
  EXPECT_FALSE(UseColor(ColorMode::kAuto, dumb));
  EXPECT_FALSE(UseColor(ColorMode::kAuto, unset));
}

TEST(TerminalTest, NoColorIsHeardUnlessTheFlagSaysAlways) {
  TerminalFacts facts = Xterm();
  facts.no_color = "1";

  EXPECT_FALSE(UseColor(ColorMode::kAuto, facts));
  EXPECT_TRUE(UseColor(ColorMode::kAlways, facts));
  EXPECT_FALSE(UseColor(ColorMode::kNever, Xterm()));
}

TEST(TerminalTest, WidthComesFromTheTerminalThenColumnsThenEighty) {
  TerminalFacts facts = Xterm();
  facts.columns = "100";

  EXPECT_EQ(ChooseSize({132, 40}, facts), (TerminalSize{132, 40}));
  EXPECT_EQ(ChooseSize({}, facts).columns, 100U);
  EXPECT_EQ(ChooseSize({}, Xterm()).columns, 80U);
}

TEST(TerminalTest, PipesAreNotCutUnlessColumnsSaysSo) {
  TerminalFacts facts = Xterm();
  facts.is_terminal = false;
  EXPECT_EQ(ChooseSize({}, facts).columns, 0U);
  facts.columns = "wide";
  EXPECT_EQ(ChooseSize({}, facts).columns, 0U);
  facts.columns = "72";
  EXPECT_EQ(ChooseSize({}, facts).columns, 72U);
}

TEST(ScreenTest, FramesAreDrawnOverEachOther) {
  Screen screen(true, false);
  const std::vector<Line> two{Line().Add("a"), Line().Add("b")};

  EXPECT_EQ(screen.Frame(two, {80, 24}), "\x1b[?25l\ra\x1b[K\n\rb\x1b[K\n\x1b[J");
  EXPECT_EQ(screen.Frame({Line().Add("c")}, {80, 24}), "\x1b[2A\rc\x1b[K\n\x1b[J");
  EXPECT_EQ(screen.Close(), "\x1b[?25h");
}

TEST(ScreenTest, ResizedTerminalIsClearedFirst) {
  Screen screen(true, false);
  static_cast<void>(screen.Frame({Line().Add("a")}, {80, 24}));

  EXPECT_EQ(screen.Frame({Line().Add("a")}, {40, 24}), "\x1b[2J\x1b[H\ra\x1b[K\n\x1b[J");
}

TEST(ScreenTest, WithoutACursorFramesFollowEachOther) {
  Screen screen(false, false);

  EXPECT_EQ(screen.Frame({Line().Add("a")}, {80, 24}), "a\n\n");
  EXPECT_EQ(screen.Close(), "");
}

}  // namespace
}  // namespace nestor::ctl
