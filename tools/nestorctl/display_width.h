// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_DISPLAY_WIDTH_H_
#define NESTOR_TOOLS_NESTORCTL_DISPLAY_WIDTH_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace nestor::ctl {

// Makes wcwidth know Unicode whatever the user's locale is. Call once, before any thread is
// started.
void UseUnicodeWidths();

// Terminal columns of printable UTF-8 (EscapeHostile's output). Thread: any.
size_t DisplayWidth(std::string_view text);

// The longest start of `text` that fits `columns`, "…" included when something is cut off.
std::string CutToWidth(std::string_view text, size_t columns);

// `text` with spaces behind it up to `columns`; longer text is left alone.
std::string PadToWidth(std::string_view text, size_t columns);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_DISPLAY_WIDTH_H_
