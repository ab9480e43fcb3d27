// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_UTF8_H_
#define NESTOR_AGENT_API_UTF8_H_

#include <string>
#include <string_view>

namespace nestor {

// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate,
// nothing past U+10FFFF, nothing cut off. Thread: any.
bool IsUtf8(std::string_view text);

// `text` with each maximal ill-formed part replaced by one U+FFFD, as the Unicode standard and the
// browsers do it; well-formed text comes back unchanged, control characters and NUL included. At
// most three times as long as `text`. Thread: any.
std::string ToUtf8(std::string_view text);

}  // namespace nestor

#endif  // NESTOR_AGENT_API_UTF8_H_
