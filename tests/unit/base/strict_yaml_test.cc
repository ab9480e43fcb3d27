// SPDX-License-Identifier: Apache-2.0
#include "agent/base/strict_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One document and its reader.
struct Reader {
  explicit Reader(const std::string& text) {
    for (YAML::Node& node : yaml.Parse(text)) documents.push_back(node);
  }
  const YAML::Node& root() const { return documents.at(0); }
  std::vector<std::string> Messages() const {
    std::vector<std::string> messages;
    for (const Error& error : yaml.errors()) messages.push_back(error.message);
    return messages;
  }

  StrictYaml yaml{"f.yaml"};
  std::vector<YAML::Node> documents;
};

TEST(StrictYamlTest, ReadsEachKindOfValue) {
  Reader reader("{s: text, b: true, l: [a, b], n: 7, d: 5s, z: 64KiB, w: node}");
  std::string text, word;
  bool flag = false;
  std::vector<std::string> list;
  uint64_t number = 0, size = 0;
  milliseconds duration{0};

  reader.yaml.Read(reader.root(), "s", text);
  reader.yaml.Read(reader.root(), "b", flag);
  reader.yaml.Read(reader.root(), "l", list);
  reader.yaml.ReadNumber(reader.root(), "n", 0, 10, number);
  reader.yaml.ReadDuration(reader.root(), "d", milliseconds(0), milliseconds(9000), duration);
  reader.yaml.ReadSize(reader.root(), "z", 0, 1U << 20, size);
  reader.yaml.ReadWord(reader.root(), "w", {"pods", "node"}, word);

  EXPECT_THAT(reader.Messages(), IsEmpty());
  EXPECT_EQ(text, "text");
  EXPECT_TRUE(flag);
  EXPECT_THAT(list, ElementsAre("a", "b"));
  EXPECT_EQ(number, 7U);
  EXPECT_EQ(duration, milliseconds(5000));
  EXPECT_EQ(size, 65536U);
  EXPECT_EQ(word, "node");
}

TEST(StrictYamlTest, AnAbsentKeyLeavesTheDefaultAlone) {
  Reader reader("{other: 1}");
  std::string text = "default";
  uint64_t number = 42;

  reader.yaml.Read(reader.root(), "s", text);
  reader.yaml.ReadNumber(reader.root(), "n", 0, 10, number);

  EXPECT_EQ(text, "default");
  EXPECT_EQ(number, 42U);
  EXPECT_THAT(reader.Messages(), IsEmpty());
}

TEST(StrictYamlTest, AnUnknownKeyIsNamedWithItsPlaceAndTheNearestWord) {
  Reader reader("node: a\nscpoe: pods\n");

  EXPECT_TRUE(reader.yaml.Map(reader.root(), "nestord.yaml", {"node", "scope"}));

  EXPECT_THAT(
      reader.Messages(),
      ElementsAre("f.yaml:2:1: unknown key `scpoe` in nestord.yaml; did you mean `scope`?"));
}

TEST(StrictYamlTest, AKeyThatStandsTwiceIsAFault) {
  Reader reader("mode: audit\nmode: enforce\n");

  reader.yaml.Map(reader.root(), "policy", {"mode"});

  EXPECT_THAT(reader.Messages(), ElementsAre("f.yaml:2:1: key `mode` stands twice in policy"));
}

TEST(StrictYamlTest, AKeyThatIsNoWordIsAFault) {
  Reader reader("{[a]: b}");

  reader.yaml.Map(reader.root(), "policy", {"mode"});

  EXPECT_THAT(reader.Messages(), ElementsAre(HasSubstr("a key of policy must be a word")));
}

TEST(StrictYamlTest, AllFaultsAreCollected) {
  Reader reader("a: x\nb: [1]\nc: {d: 1}\n");
  bool flag = false;
  std::string text;
  std::vector<std::string> list;

  reader.yaml.Read(reader.root(), "a", flag);
  reader.yaml.Read(reader.root(), "b", text);
  reader.yaml.Read(reader.root(), "c", list);

  EXPECT_THAT(reader.Messages(),
              ElementsAre("f.yaml:1:4: a must be true or false, not `x`",
                          "f.yaml:2:4: b must be a single value", "f.yaml:3:4: c must be a list"));
}

TEST(StrictYamlTest, WhatIsNoMapIsRefused) {
  Reader reader("- a\n");

  EXPECT_FALSE(reader.yaml.Map(reader.root(), "policy", {"mode"}));
  EXPECT_THAT(reader.Messages(), ElementsAre("f.yaml:1:1: policy must be a map"));
}

TEST(StrictYamlTest, NumbersOutOfBoundsOrWithAnythingElseAreRefused) {
  for (const char* text : {"11", "-1", "1.5", "0x7", "7s", "", "18446744073709551616", "1 2"}) {
    Reader reader("n: \"" + std::string(text) + "\"");
    uint64_t number = 3;

    reader.yaml.ReadNumber(reader.root(), "n", 1, 10, number);

    EXPECT_THAT(reader.Messages(), ElementsAre(HasSubstr("n must be a number from 1 to 10")))
        << text;
    EXPECT_EQ(number, 3U) << text;
  }
}

TEST(StrictYamlTest, DurationsHaveAUnitAndBounds) {
  for (const char* text : {"5", "5 s", "s", "5d", "3h", "0ms", "18446744073709551615h", "-1s"}) {
    Reader reader("d: \"" + std::string(text) + "\"");
    milliseconds duration{3};

    reader.yaml.ReadDuration(reader.root(), "d", milliseconds(1), milliseconds(7'200'000),
                             duration);

    EXPECT_THAT(reader.Messages(), SizeIs(1)) << text;
    EXPECT_EQ(duration, milliseconds(3)) << text;
  }
}

TEST(StrictYamlTest, EveryUnitOfTimeAndSizeIsKnown) {
  Reader reader("{a: 2ms, b: 2s, c: 2m, d: 2h, e: 2, f: 2B, g: 2KiB, h: 2MiB, i: 2GiB}");
  const auto duration = [&](const char* key) {
    milliseconds value{0};
    reader.yaml.ReadDuration(reader.root(), key, milliseconds(0), milliseconds(10'000'000), value);
    return value.count();
  };
  const auto size = [&](const char* key) {
    uint64_t value = 0;
    reader.yaml.ReadSize(reader.root(), key, 0, 1ULL << 40, value);
    return value;
  };

  EXPECT_THAT((std::vector{duration("a"), duration("b"), duration("c"), duration("d")}),
              ElementsAre(2, 2000, 120'000, 7'200'000));
  EXPECT_THAT((std::vector{size("e"), size("f"), size("g"), size("h"), size("i")}),
              ElementsAre(2U, 2U, 2048U, 2097152U, 2147483648U));
  EXPECT_THAT(reader.Messages(), IsEmpty());
}

TEST(StrictYamlTest, SizesThatWouldOverflowAreRefused) {
  Reader reader("z: 18446744073709551615GiB");
  uint64_t size = 3;

  reader.yaml.ReadSize(reader.root(), "z", 0, ~0ULL, size);

  EXPECT_THAT(reader.Messages(), SizeIs(1));
  EXPECT_EQ(size, 3U);
}

TEST(StrictYamlTest, AnUnknownWordIsNamedWithTheNearestRightOne) {
  Reader reader("scope: pod");
  std::string word = "pods";

  reader.yaml.ReadWord(reader.root(), "scope", {"pods", "node"}, word);

  EXPECT_THAT(reader.Messages(),
              ElementsAre("f.yaml:1:8: unknown scope `pod`; did you mean `pods`?"));
}

TEST(StrictYamlTest, AListOfListsIsNoListOfWords) {
  Reader reader("l: [a, [b]]");
  std::vector<std::string> list;

  reader.yaml.Read(reader.root(), "l", list);

  EXPECT_THAT(reader.Messages(), ElementsAre("f.yaml:1:8: every item of l must be a single value"));
}

TEST(StrictYamlTest, WhatIsNotYamlIsAnErrorWithItsPlace) {
  Reader reader("a: b\n c: [");

  EXPECT_THAT(reader.documents, IsEmpty());
  EXPECT_THAT(reader.Messages(), ElementsAre(HasSubstr("f.yaml:2:")));
}

// yaml-cpp reads these for ever.
TEST(StrictYamlTest, ATokenThatBeginsNoValueIsRefused) {
  for (const char* text : {",", "]", "}", "a: b\n---\n,", "\n  ,"})
    EXPECT_THAT(Reader(text).Messages(), SizeIs(1)) << text;
  EXPECT_THAT(Reader(" ,").Messages(), ElementsAre("f.yaml:1:2: this begins no value"));
}

TEST(StrictYamlTest, EachDocumentOfAFileIsRead) {
  EXPECT_THAT(Reader("a: 1\n---\nb: 2\n").documents, SizeIs(2));
  EXPECT_THAT(Reader("").documents, SizeIs(::testing::Le(1)));
}

TEST(StrictYamlTest, TooLongTextIsRefused) {
  Reader reader(std::string((1U << 20) + 1, ' '));

  EXPECT_THAT(reader.Messages(), ElementsAre("f.yaml: has more than 1 MiB"));
}

TEST(StrictYamlTest, DeepNestingIsRefusedInEveryStyle) {
  std::string flow(40, '['), steps;
  for (int depth = 0; depth < 300; ++depth) steps += std::string(depth, ' ') + "a:\n";
  std::string dashes, wide_dashes, questions;
  for (int depth = 0; depth < 100'000; ++depth) {
    dashes += "- ";
    wide_dashes += "-  ";
    questions += "? ";
  }

  for (const std::string& text : {flow, steps, dashes, wide_dashes, questions}) {
    Reader reader(text);
    EXPECT_THAT(reader.documents, IsEmpty()) << text.substr(0, 20);
    EXPECT_THAT(reader.Messages(), SizeIs(1)) << text.substr(0, 20);
  }
}

TEST(StrictYamlTest, AliasesThatMultiplyAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 9; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int copy = 1; copy < 10; ++copy) text += ", " + below;
    text += "]\n";
  }

  EXPECT_THAT(Reader(text).Messages(), ElementsAre(HasSubstr("too many values")));
  EXPECT_THAT(Reader("&a [*a]").Messages(), SizeIs(1));
}

TEST(StrictYamlTest, ErrorsAreBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  Reader reader(text);

  reader.yaml.Map(reader.root(), "policy", {"mode"});

  EXPECT_THAT(reader.Messages(), SizeIs(64));
}

TEST(StrictYamlTest, AFaultOfAnAbsentValueHasNoPlaceButIsKept) {
  Reader reader("a: 1");

  reader.yaml.Fail(reader.root()["b"], "b is needed");

  EXPECT_THAT(reader.Messages(), ElementsAre(HasSubstr("b is needed")));
}

}  // namespace
}  // namespace nestor
