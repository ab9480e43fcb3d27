// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "agent/policy/automaton.h"
#include "tests/unit/policy/random_regex.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

bool Matches(const std::string& regex, const std::string& text) {
  const Result<Pattern> pattern = ParseRegex(regex);
  EXPECT_TRUE(pattern.ok()) << regex << ": " << (pattern ? "" : pattern.error().message);
  return pattern && PatternMatches(*pattern, text);
}

TEST(RegexTest, MatchesTheWholeText) {
  EXPECT_TRUE(Matches("-L.*", "-L8080:db:5432"));
  EXPECT_FALSE(Matches("-L", "-L8080"));
  EXPECT_TRUE(Matches("^(ssh|scp)$", "scp"));
  EXPECT_FALSE(Matches("ssh|scp", "sshscp"));
  EXPECT_TRUE(Matches("a.c", "a\nc"));
  EXPECT_TRUE(Matches("a{2,3}?b+", "aab"));
  EXPECT_TRUE(Matches("(?i)KUBEctl", "kubeCTL"));
  EXPECT_FALSE(Matches("((?i)a)b", "aB"));
  EXPECT_TRUE(Matches("\\Qa.b*\\E+", "a.b**"));
  EXPECT_FALSE(Matches("a\\.b", "axb"));
  EXPECT_TRUE(Matches("(é|è)+", "éè"));
  EXPECT_TRUE(Matches("é{2}", "éé"));
  EXPECT_TRUE(Matches("[[:alpha:]]+[^[:digit:]x-z]", "abc!"));
  EXPECT_TRUE(Matches("\\x41\\x{62}[\\x63]", "Abc"));
  EXPECT_TRUE(Matches("x{,3}", "x{,3}"));  // no repetition: as RE2 reads it
  EXPECT_TRUE(Matches("x{03}", "x{03}"));
  EXPECT_TRUE(Matches("x{1,02}", "x{1,02}"));
  EXPECT_TRUE(Matches("x{0,2}y{0}", "xx"));
  EXPECT_TRUE(Matches("(?P<name>a)(?:b)", "ab"));
  EXPECT_TRUE(Matches("(a|b*)*", "abba"));
}

// RE2 folds a named class before it negates it; otherwise (?i) would make each of these any byte.
TEST(RegexTest, FoldsAClassBeforeItsNegation) {
  EXPECT_FALSE(Matches("(?i)[[:^lower:]]", "a"));
  EXPECT_FALSE(Matches("(?i)[[:^lower:]]", "A"));
  EXPECT_FALSE(Matches("(?i)[[:^upper:]-]", "a"));
  EXPECT_TRUE(Matches("(?i)[[:^upper:]-]", "1"));
  EXPECT_TRUE(Matches("(?i)[^[:^upper:]]", "a"));
  EXPECT_FALSE(Matches("(?i)[^a]", "A"));
  EXPECT_TRUE(Matches("[[:^lower:]]", "A"));
}

TEST(RegexTest, LargeRepetitionsAreBounded) {
  EXPECT_TRUE(ParseRegex("(ab){1000}").ok());
  const auto large = ParseRegex("((ab){100}){100}");
  ASSERT_FALSE(large.ok());
  EXPECT_THAT(large.error().message, HasSubstr("longer than 8192 steps"));
}

// A union in one automaton gives for each rule what the expression alone gives.
TEST(RegexTest, AgreesWithRe2OnRandomExpressionsAndTexts) {
  const char* wanted = getenv("NESTOR_REGEX_PAIRS");
  const size_t pairs = wanted ? std::strtoul(wanted, nullptr, 10) : 30000;
  RandomRegex random(20260101);
  size_t compared = 0, matched = 0;
  while (compared < pairs) {
    std::vector<std::string> regexes(1 + random.Below(3));
    AutomatonBuilder builder;
    std::vector<std::unique_ptr<RE2>> references;
    for (size_t rule = 0; rule < regexes.size(); ++rule) {
      regexes[rule] = random.Regex();
      const Result<Pattern> pattern = ParseRegex(regexes[rule]);
      references.push_back(ReferenceFor(regexes[rule]));
      ASSERT_EQ(pattern.ok(), references.back()->ok())
          << regexes[rule] << ": "
          << (pattern ? references.back()->error() : pattern.error().message);
      if (pattern) builder.Add(*pattern, rule);
    }
    const Result<Dfa> dfa = builder.Build(4096);
    if (!dfa) continue;
    for (int i = 0; i < 30; ++i) {
      const std::string text = random.Text();
      const RuleBits found = RulesMatching(*dfa, text);
      for (size_t rule = 0; rule < regexes.size(); ++rule, ++compared) {
        if (!references[rule]->ok()) continue;
        const bool expected = RE2::FullMatch(text, *references[rule]);
        ASSERT_EQ(found[rule], expected)
            << testing::PrintToString(regexes[rule]) << " on " << testing::PrintToString(text);
        matched += expected;
      }
    }
  }
  EXPECT_GT(matched, pairs / 50);  // the comparison is of both answers
}

}  // namespace
}  // namespace nestor
