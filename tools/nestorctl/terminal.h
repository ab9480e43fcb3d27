// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_TERMINAL_H_
#define NESTOR_TOOLS_NESTORCTL_TERMINAL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nestor::ctl {

enum class ColorMode : uint8_t { kAuto, kAlways, kNever };

// What decides how output may look; read once by ReadTerminalFacts, set by hand in tests.
struct TerminalFacts {
  bool is_terminal = false;  // stdout
  std::string term;          // $TERM
  std::string no_color;      // $NO_COLOR
  std::string columns;       // $COLUMNS
};

TerminalFacts ReadTerminalFacts(int fd);

// --color decides; auto means a terminal that is not dumb and no NO_COLOR (https://no-color.org:
// set and not empty).
bool UseColor(ColorMode mode, const TerminalFacts& facts);

// The cursor can be moved: output can be repainted in place.
bool CanRepaint(const TerminalFacts& facts);

struct TerminalSize {
  size_t columns = 0;  // 0: no limit
  size_t rows = 0;     // 0: no limit

  bool operator==(const TerminalSize&) const = default;
};

// What the terminal says, else $COLUMNS, else 80 on a terminal and no limit in a pipe. Asks the
// kernel on each call, so that a resized window is noticed.
TerminalSize SizeOf(int fd, const TerminalFacts& facts);

// The deciding part of SizeOf: `asked` is what the terminal said.
TerminalSize ChooseSize(TerminalSize asked, const TerminalFacts& facts);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_TERMINAL_H_
