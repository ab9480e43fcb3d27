// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/workload_pool.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

Workload Named(const std::string& pod) {
  Workload workload;
  workload.pod = pod;
  workload.container_id = "c1";
  return workload;
}

TEST(WorkloadPoolTest, TheSameNamesOfOneContainerAreKeptOnce) {
  WorkloadPool pool;

  const WorkloadPtr first = pool.Share(7, Named("web-0"));

  EXPECT_EQ(pool.Share(7, Named("web-0")), first);
  EXPECT_EQ(first->pod, "web-0");
}

TEST(WorkloadPoolTest, NamesThatChangeLeaveTheOlderOnesAsTheyWere) {
  WorkloadPool pool;
  const WorkloadPtr before = pool.Share(7, Named(""));

  const WorkloadPtr after = pool.Share(7, Named("web-0"));

  EXPECT_EQ(before->pod, "");
  EXPECT_EQ(after->pod, "web-0");
  EXPECT_EQ(pool.Newest(7), after);
  EXPECT_EQ(pool.Newest(8), nullptr);
}

TEST(WorkloadPoolTest, TheHostHasNoNames) {
  WorkloadPool pool;

  EXPECT_TRUE(pool.Share(0, {})->host());
  EXPECT_EQ(pool.size(), 0u);
}

TEST(WorkloadPoolTest, AContainerGoesWithTheLastOneWhoNamesIt) {
  WorkloadPool pool;
  WorkloadPtr user = pool.Share(7, Named("web-0"));
  pool.DropUnused();
  EXPECT_EQ(pool.size(), 1u);

  user.reset();
  pool.DropUnused();

  EXPECT_EQ(pool.size(), 0u);
}

}  // namespace
}  // namespace nestor
