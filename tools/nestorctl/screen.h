// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_SCREEN_H_
#define NESTOR_TOOLS_NESTORCTL_SCREEN_H_

#include <string>
#include <vector>

#include "tools/nestorctl/line.h"
#include "tools/nestorctl/terminal.h"

namespace nestor::ctl {

// Draws frames over each other where they stand, without clearing the scrollback; the last one
// stays. Where the cursor cannot be moved, frames follow each other with an empty line between.
class Screen {
 public:
  Screen(bool repaint, bool color) : repaint_(repaint), color_(color) {}

  // What to write for the next frame, whose lines must fit size.rows less one.
  std::string Frame(const std::vector<Line>& lines, TerminalSize size);

  // What to write at the end: the cursor comes back.
  std::string Close() const;

 private:
  bool repaint_;
  bool color_;
  bool drawn_ = false;
  size_t drawn_rows_ = 0;
  TerminalSize drawn_size_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_SCREEN_H_
