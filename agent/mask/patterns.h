// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_MASK_PATTERNS_H_
#define NESTOR_AGENT_MASK_PATTERNS_H_

#include <span>
#include <string_view>

#include "agent/mask/literals.h"

namespace nestor {

// The shipped patterns. All are read byte by byte (Latin-1), so that bytes that are not UTF-8
// cannot hide a secret.

// What stands in every text that a shipped pattern matches, in groups. One look at each byte tells
// which groups occur in a string, and so which of the patterns are worth a search: nearly every
// string ends there, and a string that was made to be dear must hold what each search looks for.
std::span<const Literals::Text> SecretLiterals();
// A string without any of these groups holds nothing that a shipped pattern or rule matches.
extern const Literals::Groups kTriggers;
// An argument without any of these is no secret flag and no secret assignment.
extern const Literals::Groups kFlagTriggers;
// Without it no argument is `login`.
extern const Literals::Groups kLoginTrigger;

// Where a secret may stand inside any string; the groups of `pattern` are the secret.
struct TextPattern {
  std::string_view pattern;
  // It matches no string that lacks one of these groups.
  Literals::Groups needs;
};
std::span<const TextPattern> TextPatterns();

// A whole argument that is a flag for a secret: "--db-password", "-token"; the next one is masked.
extern const std::string_view kSecretFlagPattern;

// An argument that is such a flag or an assignment with its value: all behind the first `=` is the
// value, for an argument has no quotes, its spaces belong to the secret.
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
