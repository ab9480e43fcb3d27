// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using ::testing::StartsWith;

std::string FirstFault(std::string_view text) {
  std::vector<Fault> faults;
  ParseYaml(text, faults);
  if (faults.empty()) return "no error";
  return std::to_string(faults[0].mark.line) + ":" + std::to_string(faults[0].mark.column) + ": " +
         faults[0].reason;
}

TEST(YamlTreeTest, ValuesKeepTheirPlace) {
  std::vector<Fault> faults;
  const auto tree = ParseYaml("a:\n- b\n- {c: \"1\"}\n---\n---\nx: y\n", faults);

  ASSERT_TRUE(faults.empty()) << faults[0].reason;
  ASSERT_EQ(tree.size(), 2u);  // the empty document between them is none
  const YamlNode& list = tree.front().entries[0].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].scalar, "b");
  const YamlNode& one = list.items[1].entries[0].value;
  EXPECT_EQ(one.scalar, "1");
  EXPECT_TRUE(one.quoted);
  EXPECT_EQ(one.mark.line, 3);
  EXPECT_EQ(one.mark.column, 7);
}

TEST(YamlTreeTest, AKeyTwiceIsRefused) {
  EXPECT_THAT(FirstFault("a: 1\nb: 2\na: 3\n"),
              StartsWith("3:1: key `a` stands here a second time"));
}

TEST(YamlTreeTest, AnchorsAndAliasesAreRefused) {
  EXPECT_THAT(FirstFault("a: &x [1]\nb: *x\n"), StartsWith("1:4: anchors"));
  EXPECT_THAT(FirstFault("b: *x\n"), StartsWith("1:4: "));
}

TEST(YamlTreeTest, BoundsHoldWhileReading) {
  std::string wide = "[";
  for (size_t i = 0; i < kMaxYamlNodes; ++i) wide += "1,";
  EXPECT_THAT(FirstFault(wide + "]"), testing::HasSubstr("more than 32768 values"));
  EXPECT_THAT(FirstFault(std::string(100000, '[')), testing::HasSubstr("nested deeper"));
  EXPECT_THAT(FirstFault(std::string(kMaxYamlBytes + 1, ' ')),
              StartsWith("1:1: the file has more"));
}

TEST(YamlTreeTest, BrokenYamlNamesItsPlace) {
  EXPECT_THAT(FirstFault("a: [1\nb: 2\n"), StartsWith("2:"));
  EXPECT_THAT(FirstFault("? [a]\n: b\n"), StartsWith("1:3: a key must be a plain word"));
}

}  // namespace
}  // namespace nestor
