// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/shell_quote.h"

#include <algorithm>

#include "tools/nestorctl/escape.h"

namespace nestor::ctl {
namespace {

bool NeedsNoQuotes(char byte) {
  constexpr std::string_view kSafe = "%+,-./:=@_^";  // = and ~ matter only at the start of a word
  const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
  return letter || (byte >= '0' && byte <= '9') || kSafe.find(byte) != std::string_view::npos;
}

std::string Replace(std::string_view text, char byte, std::string_view replacement) {
  std::string out;
  for (const char each : text) {
    if (each == byte) {
      out += replacement;
    } else {
      out += each;
    }
  }
  return out;
}

}  // namespace

std::string ShellQuote(std::string_view argument) {
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), NeedsNoQuotes)) {
    return std::string(argument);
  }
  if (EscapeHostile(argument) == argument) {
    return "'" + Replace(argument, '\'', "'\\''") + "'";
  }
  const std::string quoted = Replace(Replace(argument, '\\', "\\\\"), '\'', "\\'");
  return "$'" + EscapeHostile(quoted) + "'";
}

}  // namespace nestor::ctl
