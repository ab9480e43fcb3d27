// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/proc_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace nestor {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr ProcessKey kShim{10, 1}, kGone{20, 2}, kOther{30, 3};

// /proc with two processes, which counts how often it is read.
struct Proc {
  std::optional<ProcessInfo> Read(ProcessKey key) {
    ++reads;
    const auto found = exes.find(key);
    if (found == exes.end()) return std::nullopt;
    ProcessInfo info;
    info.key = key;
    info.exe = found->second;
    return info;
  }

  std::map<ProcessKey, std::string> exes = {{kShim, "/bin/shim"}, {kOther, "/bin/other"}};
  int reads = 0;
};

struct ProcCacheTest : testing::Test {
  Proc proc;
  ProcCache cache{[this](ProcessKey key) { return proc.Read(key); }, 2};
};

TEST_F(ProcCacheTest, AProcessIsReadOnceForEventsInARow) {
  const ProcessInfo* first = cache.Find(kShim, kSecond);
  const ProcessInfo* second = cache.Find(kShim, kSecond + 5);

  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->exe, "/bin/shim");
  EXPECT_EQ(proc.reads, 1);
}

TEST_F(ProcCacheTest, AProcessThatExecsIsSeenWithinASecond) {
  cache.Find(kShim, kSecond);
  proc.exes[kShim] = "/bin/new";

  const ProcessInfo* found = cache.Find(kShim, 2 * kSecond + 1);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->exe, "/bin/new");
}

TEST_F(ProcCacheTest, AProcessThatIsGoneIsNotAskedForAgain) {
  cache.Find(kGone, kSecond);

  EXPECT_EQ(cache.Find(kGone, 100 * kSecond), nullptr);
  EXPECT_EQ(proc.reads, 1);
}

TEST_F(ProcCacheTest, TheOldestAnswerGoesAtTheBound) {
  cache.Find(kShim, 1);
  cache.Find(kGone, 2);
  cache.Find(kOther, 3);

  EXPECT_EQ(cache.size(), 2U);
  cache.Find(kGone, 4);
  EXPECT_EQ(proc.reads, 3);
  cache.Find(kShim, 5);
  EXPECT_EQ(proc.reads, 4);
}

TEST_F(ProcCacheTest, OldAnswersAreDropped) {
  cache.Find(kShim, 1);
  cache.Find(kOther, 2);

  cache.DropBefore(2);

  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace nestor
