// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_LINE_H_
#define NESTOR_TOOLS_NESTORCTL_LINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nestor::ctl {

enum class Style : uint8_t { kPlain, kDim, kStrong, kName, kGood, kWarning, kBad, kAgent };

// One line of text output. What is added is escaped here, so no string of a node can reach the
// terminal raw, and cutting is done before colouring, so no escape sequence is ever cut.
class Line {
 public:
  Line& Add(std::string_view text, Style style = Style::kPlain);
  // A part that gives way when the line is too long; the longest of several does so first.
  Line& AddShrinkable(std::string_view text, Style style = Style::kPlain);
  // A part that is worth less than all others: it is cut, and left out, before any gives way.
  Line& AddExtra(std::string_view text, Style style = Style::kPlain);
  Line& Append(const Line& other);

  bool empty() const { return spans_.empty(); }
  size_t width() const;

  // The line without a newline, in at most `columns` (0: no limit).
  std::string Render(size_t columns, bool color) const;

 private:
  enum class Give : uint8_t { kNot, kShrink, kFirst };
  struct Span {
    std::string text;
    Style style = Style::kPlain;
    Give give = Give::kNot;
  };
  static size_t CutExtras(std::vector<Span>& spans, size_t excess);
  static void Shrink(std::vector<Span>& spans, size_t excess);
  static void CutEnd(std::vector<Span>& spans, size_t columns);

  std::vector<Span> spans_;
};

// Each line and its newline.
std::string Render(const std::vector<Line>& lines, size_t columns, bool color);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_LINE_H_
