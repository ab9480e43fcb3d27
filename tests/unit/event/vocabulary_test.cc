// SPDX-License-Identifier: Apache-2.0
#include "agent/event/vocabulary.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nestor {
namespace {

TEST(VocabularyTest, EveryHopKindHasItsOwnWordAndComesBackFromIt) {
  std::set<std::string_view> words;
  for (uint8_t number = 1; number < kHopKindCount; ++number) {
    const auto kind = static_cast<HopKind>(number);
    EXPECT_EQ(HopKindFromName(Name(kind)), kind) << Name(kind);
    words.insert(Name(kind));
  }
  EXPECT_EQ(words.size(), kHopKindCount - 1U);
  EXPECT_EQ(words.count(""), 0U);
}

TEST(VocabularyTest, EveryEventTypeHasItsOwnWordAndComesBackFromIt) {
  std::set<std::string_view> words;
  for (uint8_t number = 0; number <= static_cast<uint8_t>(EventType::kWorkload); ++number) {
    const auto type = static_cast<EventType>(number);
    EXPECT_EQ(EventTypeFromName(Name(type)), type) << Name(type);
    words.insert(Name(type));
  }
  EXPECT_EQ(words.size(), 14U);
  EXPECT_EQ(words.count(""), 0U);
}

TEST(VocabularyTest, EveryStageHasItsOwnWordAndComesBackFromIt) {
  std::set<std::string_view> words;
  for (uint8_t number = 1; number <= static_cast<uint8_t>(kLastStage); ++number) {
    const auto stage = static_cast<Stage>(number);
    EXPECT_EQ(StageFromName(Name(stage)), stage) << Name(stage);
    words.insert(Name(stage));
  }
  EXPECT_EQ(words.size(), static_cast<size_t>(kLastStage));
  EXPECT_EQ(words.count(""), 0U);
}

TEST(VocabularyTest, WordsAreThoseOfTheDesign) {
  EXPECT_EQ(Name(HopKind::kContainerEntrypoint), "container-entrypoint");
  EXPECT_EQ(Name(HopKind::kSshLogin), "ssh-login");
  EXPECT_EQ(Name(Confidence::kAmbiguous), "ambiguous");
  EXPECT_EQ(Name(Confidence::kUnseen), "unknown");
  EXPECT_EQ(Name(Action::kKill), "kill");
  EXPECT_EQ(Name(Mode::kEnforce), "enforce");
  EXPECT_EQ(Name(Stage::kBprm), "check");
  EXPECT_EQ(Name(EventType::kVerdict), "verdict");
}

TEST(VocabularyTest, NothingHasNoWord) {
  EXPECT_EQ(Name(HopKind::kNone), "");
  EXPECT_EQ(Name(Confidence::kUnknown), "");
  EXPECT_EQ(Name(Action::kNone), "");
  EXPECT_EQ(Name(Mode::kNone), "");
  EXPECT_EQ(Name(Stage::kNone), "");
}

TEST(VocabularyTest, AWordThatIsNotInTheVocabularyIsNothing) {
  for (const char* word : {"", "TCP", "tcp ", "unknown", "none"}) {
    EXPECT_FALSE(HopKindFromName(word)) << word;
    EXPECT_FALSE(StageFromName(word)) << word;
    EXPECT_FALSE(EventTypeFromName(word)) << word;
  }
}

}  // namespace
}  // namespace nestor
