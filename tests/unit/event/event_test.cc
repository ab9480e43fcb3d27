// SPDX-License-Identifier: Apache-2.0
#include "agent/event/event.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace nestor {
namespace {

TEST(EventTest, AHopIdHasSixteenHexDigits) {
  EXPECT_EQ(HopIdToString(0x1f), "000000000000001f");
  EXPECT_EQ(HopIdToString(~0ULL), "ffffffffffffffff");
  EXPECT_EQ(HopIdToString(0), "");
}

TEST(EventTest, AProcessIdNamesStartAndTgid) {
  EXPECT_EQ(ProcessIdToString({0xabc, 42}), "abc-42");
  EXPECT_EQ(ProcessIdToString({~0ULL, 0xffffffff}), "ffffffffffffffff-4294967295");
  EXPECT_EQ(ProcessIdToString({0xabc, 0}), "");
}

TEST(EventTest, AReusedPidIsAnotherProcess) {
  const std::unordered_set<ProcessKey> keys = {{1, 42}, {2, 42}, {1, 42}};

  EXPECT_EQ(keys.size(), 2U);
  EXPECT_LT((ProcessKey{1, 42}), (ProcessKey{2, 7}));
}

TEST(EventTest, AWorkloadWithoutAContainerIsTheHost) {
  Workload workload;
  EXPECT_TRUE(workload.host());

  workload.container_id = "ab";

  EXPECT_FALSE(workload.host());
}

}  // namespace
}  // namespace nestor
