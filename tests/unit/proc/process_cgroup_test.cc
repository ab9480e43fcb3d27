// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/process_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace nestor {
namespace {

class ProcessCgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/proc-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directory(root_ + "/7");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& text) { std::ofstream(root_ + "/7/cgroup") << text; }

  std::string root_;
};

TEST_F(ProcessCgroupTest, TheUnifiedHierarchyCounts) {
  Write("1:name=systemd:/old\n0::/kubepods/pod1/abc\n");
  const auto path = CgroupPathOf(7, root_);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, "/kubepods/pod1/abc");
}

TEST_F(ProcessCgroupTest, AProcessWithoutOneIsAnError) {
  Write("1:name=systemd:/old\n");
  ASSERT_FALSE(CgroupPathOf(7, root_));
  EXPECT_EQ(CgroupPathOf(7, root_).error().code, ErrorCode::kNotFound);
  ASSERT_FALSE(CgroupPathOf(8, root_));
  EXPECT_THAT(CgroupPathOf(8, root_).error().message, ::testing::HasSubstr("/8/cgroup"));
}

}  // namespace
}  // namespace nestor
