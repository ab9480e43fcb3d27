// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/display_width.h"

#include <clocale>
#include <cwchar>

#include "tools/nestorctl/utf8.h"

namespace nestor::ctl {
namespace {

size_t Columns(const CodePoint& point) {
  const int width = point.valid ? wcwidth(static_cast<wchar_t>(point.value)) : 1;
  return width < 0 ? 1 : static_cast<size_t>(width);  // unknown to the locale: most are narrow
}

}  // namespace

void UseUnicodeWidths() {
  // LC_CTYPE alone: numbers and messages keep to C. Without C.UTF-8 all but ASCII counts as narrow.
  if (!setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, "");
}

size_t DisplayWidth(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    columns += Columns(point);
    text.remove_prefix(point.bytes);
  }
  return columns;
}

std::string CutToWidth(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";

  size_t kept_bytes = 0, used = 0;
  while (kept_bytes < text.size()) {
    const CodePoint point = FirstCodePoint(text.substr(kept_bytes));
    if (used + Columns(point) > columns - 1) break;  // one column is the ellipsis's
    used += Columns(point);
    kept_bytes += point.bytes;
  }
  return std::string(text.substr(0, kept_bytes)) + "…";
}

std::string PadToWidth(std::string_view text, size_t columns) {
  const size_t width = DisplayWidth(text);
  return std::string(text) + std::string(width < columns ? columns - width : 0, ' ');
}

}  // namespace nestor::ctl
