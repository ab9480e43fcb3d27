// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_REGEX_H_
#define NESTOR_AGENT_POLICY_REGEX_H_

#include <string_view>

#include "agent/base/result.h"
#include "agent/policy/pattern.h"

namespace nestor {

inline constexpr size_t kMaxRegexBytes = 1024;
inline constexpr size_t kMaxRegexItems = 8192;  // after {n,m} is written out
inline constexpr size_t kMaxRegexDepth = 64;    // of groups in groups
inline constexpr unsigned kMaxRegexRepeat = 1000;

// Compiles a regular expression with the syntax of RE2 over bytes; it matches the whole of a text.
// Known are: literals, `.` (any byte), `[a-z]`, `[^a-z]`, `[[:alpha:]]`, `\d \w \s \D \W \S`, `\n
// \t \r \f \v \a \xHH \x{HH}`, `\Q…\E`, `|`, `( )`, `(?: )`, `(?P<name> )`, `(?i)` and `(?i: )`,
// `* + ? {n} {n,} {n,m}`, each also with a `?` behind it, which changes nothing here, and `^ $ \A
// \z` at the ends. A character beyond ASCII is the sequence of its bytes and may not stand in
// `[…]`.
// Error: anything else of RE2, Perl or a bound above; the message says at which character and what
// to write instead. A NUL never matches. Thread: any.
Result<Pattern> ParseRegex(std::string_view regex);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_REGEX_H_
