// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_UTF8_H_
#define NESTOR_TOOLS_NESTORCTL_UTF8_H_

#include <cstddef>
#include <string_view>

namespace nestor::ctl {

struct CodePoint {
  char32_t value = 0;
  size_t bytes = 1;  // what it takes in the text; 1 for an invalid byte
  bool valid = false;
};

// The first code point of `text`, which must not be empty. Overlong forms, surrogates and values
// past U+10FFFF are invalid, one byte at a time. Thread: any.
CodePoint FirstCodePoint(std::string_view text);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_UTF8_H_
