// SPDX-License-Identifier: Apache-2.0
#include "agent/base/nearest.h"

#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

TEST(NearestTest, OneSlipOfTheFingerFindsTheWord) {
  EXPECT_EQ(NearestWord("scpoe", {"scope", "node"}), "scope");    // swapped
  EXPECT_EQ(NearestWord("scop", {"scope", "node"}), "scope");     // missing
  EXPECT_EQ(NearestWord("sscope", {"scope", "node"}), "scope");   // doubled
  EXPECT_EQ(NearestWord("scopf", {"scope", "node"}), "scope");    // wrong
  EXPECT_EQ(NearestWord("scope", {"scopes", "scope"}), "scope");  // right
}

TEST(NearestTest, AWordThatIsFarFromAllIsNotGuessed) {
  EXPECT_EQ(NearestWord("banana", {"scope", "node"}), "");
  EXPECT_EQ(NearestWord("ab", {"xy"}), "");
  EXPECT_EQ(NearestWord("scope", {}), "");
}

TEST(NearestTest, AnEmptyWordIsNearOnlyToOneLetter) {
  EXPECT_EQ(NearestWord("", {"node"}), "");
  EXPECT_EQ(NearestWord("", {"n"}), "n");
}

TEST(NearestTest, TheFirstOfEquallyNearWordsIsTaken) {
  EXPECT_EQ(NearestWord("pat", {"pas", "pax"}), "pas");
}

TEST(NearestTest, AHugeWordCostsNothing) {
  EXPECT_EQ(NearestWord(std::string(1U << 20, 'a'), {"scope"}), "");
}

TEST(SuggestTest, NamesTheNearestWordOrAllThereAre) {
  EXPECT_EQ(Suggest("scpoe", {"scope", "node"}), "; did you mean `scope`?");
  EXPECT_EQ(Suggest("banana", {"pods", "node"}), "; one of: pods, node");
}

}  // namespace
}  // namespace nestor
