// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>

namespace nestor::ctl {
namespace {

std::string Environment(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

// 0 for what is no sensible number of columns.
size_t ParseColumns(std::string_view text) {
  constexpr size_t kMost = 10000;
  size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && columns <= kMost ? columns : 0;
}

}  // namespace

TerminalFacts ReadTerminalFacts(int fd) {
  return {.is_terminal = isatty(fd) == 1,
          .term = Environment("TERM"),
          .no_color = Environment("NO_COLOR"),
          .columns = Environment("COLUMNS")};
}

bool UseColor(ColorMode mode, const TerminalFacts& facts) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  return CanRepaint(facts) && facts.no_color.empty();
}

bool CanRepaint(const TerminalFacts& facts) {
  return facts.is_terminal && !facts.term.empty() && facts.term != "dumb";
}

TerminalSize SizeOf(int fd, const TerminalFacts& facts) {
  winsize window{};
  TerminalSize asked;
  if (facts.is_terminal && ioctl(fd, TIOCGWINSZ, &window) == 0) {
    asked = {window.ws_col, window.ws_row};
  }
  return ChooseSize(asked, facts);
}

TerminalSize ChooseSize(TerminalSize asked, const TerminalFacts& facts) {
  constexpr size_t kUsualColumns = 80;
  if (asked.columns == 0) asked.columns = ParseColumns(facts.columns);
  if (asked.columns == 0 && facts.is_terminal) asked.columns = kUsualColumns;
  return asked;
}

}  // namespace nestor::ctl
