// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/screen.h"

namespace nestor::ctl {
namespace {

constexpr const char* kHideCursor = "\x1b[?25l";
constexpr const char* kShowCursor = "\x1b[?25h";
constexpr const char* kClearScreen = "\x1b[2J\x1b[H";
constexpr const char* kClearRestOfLine = "\x1b[K";
constexpr const char* kClearBelow = "\x1b[J";

}  // namespace

std::string Screen::Frame(const std::vector<Line>& lines, TerminalSize size) {
  if (!repaint_) return Render(lines, size.columns, color_) + "\n";

  std::string out;
  if (!drawn_) {
    out += kHideCursor;
  } else if (size != drawn_size_) {
    out += kClearScreen;  // the terminal has moved the old lines about
  } else if (drawn_rows_ > 0) {
    out += "\x1b[" + std::to_string(drawn_rows_) + "A";
  }
  for (const Line& line : lines) {
    out += "\r" + line.Render(size.columns, color_) + kClearRestOfLine + "\n";
  }
  out += kClearBelow;
  drawn_ = true;
  drawn_rows_ = lines.size();
  drawn_size_ = size;
  return out;
}

std::string Screen::Close() const { return repaint_ && drawn_ ? kShowCursor : ""; }

}  // namespace nestor::ctl
