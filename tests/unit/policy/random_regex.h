// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_POLICY_RANDOM_REGEX_H_
#define NESTOR_TESTS_UNIT_POLICY_RANDOM_REGEX_H_

#include <re2/re2.h>

#include <memory>
#include <random>
#include <string>

namespace nestor {

// RE2 as agent/policy/regex.h promises to agree with it: over bytes, `.` is any of them.
inline std::unique_ptr<RE2> ReferenceFor(const std::string& regex) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  return std::make_unique<RE2>(regex, options);
}

// Expressions and texts over a small alphabet, so that matches are frequent.
class RandomRegex {
 public:
  explicit RandomRegex(unsigned seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }

  std::string Regex() {
    static const char* const kBegins[] = {"", "", "", "", "(?i)", "^"};
    return kBegins[Below(std::size(kBegins))] + Alternatives(3);
  }

  std::string Text() {
    static const char* const kParts[] = {"a", "b",  "c", "A", "B",  "-",    " ", "0",
                                         "9", "ab", ".", "_", "\n", "\xc3", "/", "aa"};
    std::string text;
    for (size_t n = Below(8); n > 0; --n) text += kParts[Below(std::size(kParts))];
    return text;
  }

 private:
  std::string Alternatives(int depth) {
    std::string regex = Sequence(depth);
    while (Below(4) == 0) regex += "|" + Sequence(depth);
    return regex;
  }

  std::string Sequence(int depth) {
    std::string regex;
    for (size_t n = 1 + Below(4); n > 0; --n) regex += Atom(depth) + Repetition();
    return regex;
  }

  std::string Repetition() {
    static const char* const kRepetitions[] = {"*",   "+",    "?",     "*?",
                                               "{2}", "{1,}", "{0,2}", "{1,3}?"};
    return Below(3) == 0 ? kRepetitions[Below(std::size(kRepetitions))] : "";
  }

  std::string Atom(int depth) {
    static const char* const kAtoms[] = {"a",
                                         "b",
                                         "c",
                                         "ab",
                                         "A",
                                         ".",
                                         ".",
                                         "\\.",
                                         "\\d",
                                         "\\w",
                                         "\\s",
                                         "\\S",
                                         "\\W",
                                         "\\D",
                                         "-",
                                         "0",
                                         "[ab]",
                                         "[^a]",
                                         "[[:^lower:]]",
                                         "[^[:^upper:]-]",
                                         "[a-c_-]",
                                         "[[:alpha:]]",
                                         "[^[:digit:]b]",
                                         "[[:^space:]]",
                                         "[\\w.]",
                                         "[]a]",
                                         "\\x61",
                                         "\\x{62}",
                                         "\\n",
                                         "/",
                                         " ",
                                         "_",
                                         "\\Q.*\\E",
                                         "[^\\n]",
                                         "[[:punct:]]",
                                         "{",
                                         "}",
                                         ","};
    if (depth == 0 || Below(4) != 0) return kAtoms[Below(std::size(kAtoms))];
    static const char* const kGroups[] = {"(", "(?:", "(?i:"};
    return kGroups[Below(std::size(kGroups))] + Alternatives(depth - 1) + ")";
  }

  std::mt19937 random_;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_POLICY_RANDOM_REGEX_H_
