// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/automaton.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace nestor {
namespace {

constexpr size_t kManyStates = 4096;

Dfa BuildGlobs(const std::vector<std::string>& globs) {
  AutomatonBuilder builder;
  for (size_t rule = 0; rule < globs.size(); ++rule) {
    const Result<Pattern> pattern = ParseGlob(globs[rule], GlobKind::kPath);
    EXPECT_TRUE(pattern.ok()) << globs[rule];
    if (pattern) builder.Add(*pattern, rule);
  }
  Result<Dfa> dfa = builder.Build(kManyStates);
  EXPECT_TRUE(dfa.ok());
  return dfa ? *std::move(dfa) : Dfa();
}

// The meaning of a glob once more, straight from its text: shares no code with what is tested.
bool SlowMatch(std::string_view glob, std::string_view text) {
  if (glob.empty()) return text.empty();
  if (glob.starts_with("/**/") && !text.empty() && text[0] == '/') {
    for (size_t i = 0; i < text.size(); ++i)
      if (text[i] == '/' && SlowMatch(glob.substr(3), text.substr(i))) return true;
    return false;
  }
  if (glob.starts_with("**")) {
    for (size_t i = 0; i <= text.size(); ++i)
      if (SlowMatch(glob.substr(2), text.substr(i))) return true;
    return false;
  }
  if (glob[0] == '*') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (SlowMatch(glob.substr(1), text.substr(i))) return true;
      if (i < text.size() && text[i] == '/') return false;
    }
    return false;
  }
  if (text.empty()) return false;
  if (glob[0] == '?') return text[0] != '/' && SlowMatch(glob.substr(1), text.substr(1));
  return glob[0] == text[0] && SlowMatch(glob.substr(1), text.substr(1));
}

std::string Pick(std::mt19937& random, const std::vector<std::string>& parts, size_t most) {
  std::string text;
  for (size_t n = 1 + random() % most; n > 0; --n) text += parts[random() % parts.size()];
  return text;
}

TEST(AutomatonTest, AgreesWithTheGlobsOnRandomPatternsAndStrings) {
  std::mt19937 random(20260101);
  size_t matches = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> globs;
    while (globs.size() < 1 + random() % 6) {
      const std::string glob = Pick(random, {"/", "a", "b", "ab", "*", "?", "/**/", "**"}, 6);
      if (glob.find("***") == std::string::npos) globs.push_back(glob);
    }
    const Dfa dfa = BuildGlobs(globs);
    for (int i = 0; i < 100; ++i) {
      const std::string text = Pick(random, {"/", "a", "b", "/a", "ab"}, 7);
      const RuleBits found = RulesMatching(dfa, text);
      for (size_t rule = 0; rule < globs.size(); ++rule) {
        ASSERT_EQ(found[rule], SlowMatch(globs[rule], text)) << globs[rule] << " on " << text;
        matches += found[rule];
      }
    }
  }
  EXPECT_GT(matches, 5000u);  // the comparison is of both answers, not of "no" alone
}

TEST(AutomatonTest, NoTwoStatesOfTheResultBehaveAlike) {
  const Dfa dfa = BuildGlobs({"/a/**/b", "/a/x/b", "/**/c", "/etc/shadow", "/etc/gshadow"});
  // Moore's refinement, the textbook's: as many classes as states means that it is minimal.
  std::vector<size_t> block(dfa.states());
  for (size_t classes = 0;;) {
    std::set<std::vector<size_t>> kinds;
    std::vector<std::vector<size_t>> behaviour;
    for (uint32_t s = 0; s < dfa.states(); ++s) {
      std::vector<size_t> key = {std::hash<RuleBits>()(dfa.Accepts(s)), block[s]};
      for (unsigned byte = 0; byte < 256; ++byte) key.push_back(block[dfa.Next(s, byte)]);
      kinds.insert(key);
      behaviour.push_back(key);
    }
    for (uint32_t s = 0; s < dfa.states(); ++s)
      block[s] = static_cast<size_t>(std::distance(kinds.begin(), kinds.find(behaviour[s])));
    if (kinds.size() == classes) break;
    classes = kinds.size();
  }

  EXPECT_EQ(std::set<size_t>(block.begin(), block.end()).size(), dfa.states());
}

TEST(AutomatonTest, StateZeroIsDeadAndStateOneIsTheStart) {
  const Dfa dfa = BuildGlobs({"/ab"});

  ASSERT_EQ(dfa.states(), 5u);  // dead, start, "/", "/a", "/ab"
  for (unsigned byte = 0; byte < 256; ++byte) EXPECT_EQ(dfa.Next(0, byte), 0);
  EXPECT_TRUE(dfa.Accepts(0).none());
  EXPECT_NE(dfa.Next(1, '/'), 0);
  EXPECT_EQ(dfa.Next(1, 'x'), 0);
}

TEST(AutomatonTest, WithoutPatternsNothingMatches) {
  const Result<Dfa> dfa = AutomatonBuilder().Build(kManyStates);

  ASSERT_TRUE(dfa.ok());
  ASSERT_EQ(dfa->states(), 2u);
  EXPECT_TRUE(RulesMatching(*dfa, "").none());
  EXPECT_TRUE(RulesMatching(*dfa, "/x").none());
}

TEST(AutomatonTest, TheEmptyTextCanMatch) {
  AutomatonBuilder builder;
  builder.Add({RepeatOf(AnyByte())}, 7);

  const Result<Dfa> dfa = builder.Build(kManyStates);

  ASSERT_TRUE(dfa.ok());
  EXPECT_TRUE(RulesMatching(*dfa, "")[7]);
  EXPECT_TRUE(RulesMatching(*dfa, std::string_view("\0\xff", 2))[7]);
}

TEST(AutomatonTest, TooManyStatesIsAnErrorAndNotALongWait) {
  AutomatonBuilder builder;  // "some a, then 20 more bytes": 2^20 states
  Pattern pattern = {RepeatOf(AnyByte()), OneByte('a')};
  for (int i = 0; i < 20; ++i) pattern.push_back(OneOf(AnyByte()));
  builder.Add(pattern, 0);

  const Result<Dfa> dfa = builder.Build(kManyStates);

  ASSERT_FALSE(dfa.ok());
  EXPECT_EQ(dfa.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace nestor
