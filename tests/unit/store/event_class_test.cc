// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_class.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace nestor {
namespace {

TEST(EventClassTest, EachClassHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (size_t in = 0; in < kEventClasses; ++in) words.insert(Name(static_cast<EventClass>(in)));

  EXPECT_EQ(words.size(), kEventClasses);
  EXPECT_FALSE(words.contains(""));
}

TEST(EventClassTest, WhatAPodCanFloodIsKeptApartFromWhatItTriesToHide) {
  EXPECT_NE(ClassOf(EventType::kConnect), ClassOf(EventType::kVerdict));
  EXPECT_NE(ClassOf(EventType::kConnect), ClassOf(EventType::kExec));
  EXPECT_NE(ClassOf(EventType::kExec), ClassOf(EventType::kVerdict));
  EXPECT_NE(ClassOf(EventType::kExec), ClassOf(EventType::kHop));
  EXPECT_NE(ClassOf(EventType::kVerdict), ClassOf(EventType::kLoss));
}

}  // namespace
}  // namespace nestor
