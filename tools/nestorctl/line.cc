// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/line.h"

#include <algorithm>
#include <utility>

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
    case Style::kAgent:
      return "\x1b[35m";
  }
  return "";
}

}  // namespace

Line& Line::Add(std::string_view text, Style style) {
  if (!text.empty()) spans_.push_back({EscapeHostile(text), style, Give::kNot});
  return *this;
}

Line& Line::AddShrinkable(std::string_view text, Style style) {
  if (!text.empty()) spans_.push_back({EscapeHostile(text), style, Give::kShrink});
  return *this;
}

Line& Line::AddExtra(std::string_view text, Style style) {
  if (!text.empty()) spans_.push_back({EscapeHostile(text), style, Give::kFirst});
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

// Takes up to `excess` columns from the extra parts, the last first; returns what is still too
// much.
size_t Line::CutExtras(std::vector<Span>& spans, size_t excess) {
  constexpr size_t kLeast = 8;  // fewer letters of a sentence say nothing
  for (auto span = spans.rbegin(); span != spans.rend() && excess > 0; ++span) {
    if (span->give != Give::kFirst) continue;
    const size_t width = DisplayWidth(span->text);
    const size_t kept = width >= excess + kLeast ? width - excess : 0;
    span->text = kept == 0 ? "" : CutToWidth(span->text, kept);
    excess -= std::min(excess, width - kept);
  }
  std::erase_if(spans, [](const Span& span) { return span.text.empty(); });
  return excess;
}

// Takes `excess` columns from the shrinkable spans, always from the longest, so that a long command
// does not eat up a short name beside it.
void Line::Shrink(std::vector<Span>& spans, size_t excess) {
  constexpr size_t kLeast = 8;  // less of a command says nothing
  std::vector<std::pair<size_t, Span*>> by_width;
  for (Span& span : spans) {
    if (span.give == Give::kShrink) by_width.emplace_back(DisplayWidth(span.text), &span);
  }
  while (excess > 0 && !by_width.empty()) {
    std::sort(by_width.rbegin(), by_width.rend());
    auto& [width, span] = by_width.front();
    const size_t next = by_width.size() > 1 ? by_width[1].first : 0;
    const size_t floor = std::max(kLeast, next == width ? width - 1 : next);
    if (width <= floor) break;
    const size_t taken = std::min(excess, width - floor);
    width -= taken;
    excess -= taken;
  }
  for (const auto& [width, span] : by_width) span->text = CutToWidth(span->text, width);
}

void Line::CutEnd(std::vector<Span>& spans, size_t columns) {
  size_t left = columns;
  for (auto span = spans.begin(); span != spans.end(); ++span) {
    const size_t used = DisplayWidth(span->text);
    const bool more = std::next(span) != spans.end();
    if (used < left || (used == left && !more)) {
      left -= used;
      continue;
    }
    // What fills the line exactly, with more behind it, gives one column to the ellipsis.
    span->text = CutToWidth(used == left ? span->text + " " : span->text, left);
    spans.erase(std::next(span), spans.end());
    return;
  }
}

std::string Line::Render(size_t columns, bool color) const {
  std::vector<Span> spans = spans_;
  if (columns > 0 && width() > columns) {
    Shrink(spans, CutExtras(spans, width() - columns));
    CutEnd(spans, columns);
  }
  std::string out;
  for (const Span& span : spans) {
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
