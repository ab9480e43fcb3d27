// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/line.h"

#include <algorithm>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"

namespace nestor::ctl {
namespace {

std::string_view ColorOf(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kStrong:
      return "\x1b[1m";
    case Style::kName:
      return "\x1b[36m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[1;31m";
  }
  return "";
}

}  // namespace

Line& Line::Add(std::string_view text, Style style) {
  if (!text.empty()) spans_.push_back({EscapeHostile(text), style, false});
  return *this;
}

Line& Line::AddShrinkable(std::string_view text, Style style) {
  if (!text.empty()) spans_.push_back({EscapeHostile(text), style, true});
  return *this;
}

Line& Line::Append(const Line& other) {
  spans_.insert(spans_.end(), other.spans_.begin(), other.spans_.end());
  return *this;
}

size_t Line::width() const {
  size_t columns = 0;
  for (const Span& span : spans_) columns += DisplayWidth(span.text);
  return columns;
}

std::vector<Line::Span> Line::Fit(size_t columns) const {
  constexpr size_t kLeastShrunk = 8;  // less of a command says nothing
  std::vector<Span> spans = spans_;
  size_t total = width();
  for (Span& span : spans) {
    if (!span.shrinkable || total <= columns) continue;
    const size_t before = DisplayWidth(span.text);
    const size_t excess = total - columns;
    const size_t wanted = before > excess ? std::max(before - excess, kLeastShrunk) : kLeastShrunk;
    span.text = CutToWidth(span.text, wanted);
    total = total - before + DisplayWidth(span.text);
  }

  size_t left = columns;
  for (auto span = spans.begin(); span != spans.end(); ++span) {
    const size_t used = DisplayWidth(span->text);
    const bool more = std::next(span) != spans.end();
    if (used < left || (used == left && !more)) {
      left -= used;
      continue;
    }
    span->text = CutToWidth(used == left ? span->text + " " : span->text, left);
    spans.erase(std::next(span), spans.end());
    break;
  }
  return spans;
}

std::string Line::Render(size_t columns, bool color) const {
  std::string out;
  for (const Span& span : columns == 0 ? spans_ : Fit(columns)) {
    const std::string_view start = color ? ColorOf(span.style) : "";
    out += start;
    out += span.text;
    if (!start.empty()) out += "\x1b[0m";
  }
  return out;
}

std::string Render(const std::vector<Line>& lines, size_t columns, bool color) {
  std::string out;
  for (const Line& line : lines) out += line.Render(columns, color) + "\n";
  return out;
}

}  // namespace nestor::ctl
