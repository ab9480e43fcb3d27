// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_MASK_PATTERNS_H_
#define NESTOR_AGENT_MASK_PATTERNS_H_

#include <span>
#include <string_view>

namespace nestor {

// The shipped patterns. All are read byte by byte (Latin-1), so that bytes that are not UTF-8
// cannot hide a secret.

// A string in which none of these occurs holds nothing that a shipped pattern matches: one fast
// look that nearly every string ends with.
extern const std::string_view kTriggerPattern;

// Where a secret may stand inside any string; group 1 is the secret.
std::span<const std::string_view> TextPatterns();

// A whole argument that is a flag for a secret: "--db-password", "-token"; the next one is masked.
extern const std::string_view kSecretFlagPattern;

// An argument that is such a flag or an assignment with its value; group 1 is the value, up to the
// end of the argument: an argument has no quotes, its spaces belong to the secret.
extern const std::string_view kSecretAssignmentPattern;

// Programs whose short flags carry a secret, and which: {"curl", "-u"} means
// `-uVALUE`, `-u VALUE` and `-u=VALUE`.
struct SecretShortFlag {
  std::string_view program;
  std::string_view flag;       // as it stands: "-u", "--user"
  bool attached_only = false;  // `mysql -p NAME` asks for the password and NAME is a database
  bool after_colon = false;    // only what follows the first ':' (or '%') is secret: user:password
  std::string_view only_after = {};  // counts only behind this word: `docker login -p VALUE`
};
std::span<const SecretShortFlag> SecretShortFlags();

}  // namespace nestor

#endif  // NESTOR_AGENT_MASK_PATTERNS_H_
