// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/cgroup_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "agent/workload/workload_index.h"
#include "tests/unit/workload/container_id.h"

namespace nestor {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string kEveryDigitId =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(ContainerIdTest, IsReadFromTheNamesThatRuntimesGive) {
  EXPECT_EQ(ContainerIdFromCgroupName(kEveryDigitId), kEveryDigitId);
  EXPECT_EQ(ContainerIdFromCgroupName("cri-containerd-" + kEveryDigitId + ".scope"), kEveryDigitId);
  EXPECT_EQ(ContainerIdFromCgroupName("docker-" + kEveryDigitId + ".scope"), kEveryDigitId);
  EXPECT_EQ(ContainerIdFromCgroupName("crio-" + kEveryDigitId), kEveryDigitId);
}

TEST(ContainerIdTest, IsTheLastOfSeveral) {
  EXPECT_EQ(ContainerIdFromCgroupName(kId + "-" + kEveryDigitId), kEveryDigitId);
}

TEST(ContainerIdTest, IsEmptyWithoutExactly64LowercaseHexDigits) {
  EXPECT_EQ(ContainerIdFromCgroupName(""), "");
  EXPECT_EQ(ContainerIdFromCgroupName("kubepods.slice"), "");
  EXPECT_EQ(ContainerIdFromCgroupName(kId.substr(1)), "");
  EXPECT_EQ(ContainerIdFromCgroupName(kId + "a"), "");
  EXPECT_EQ(ContainerIdFromCgroupName(std::string(64, 'A')), "");
}

TEST(ContainerIdTest, IsNotThatOfWhoWatchesAContainer) {
  EXPECT_EQ(ContainerIdFromCgroupName("crio-conmon-" + kId + ".scope"), "");
}

class CgroupScanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/cgroups-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  uint64_t Make(const std::string& path) {
    std::filesystem::create_directories(root_ + "/" + path);
    struct stat info{};
    return stat((root_ + "/" + path).c_str(), &info) == 0 ? info.st_ino : 0;
  }

  std::vector<std::pair<uint64_t, std::string>> Scan() {
    const auto found = FindContainerCgroups(root_);
    EXPECT_TRUE(found.ok());
    std::vector<std::pair<uint64_t, std::string>> pairs;
    for (const FoundCgroup& cgroup : *found) pairs.emplace_back(cgroup.id, cgroup.name);
    return pairs;
  }

  std::string root_;
};

TEST_F(CgroupScanTest, FindsContainersAtEveryLevelByTheirInode) {
  const uint64_t first = Make("kubepods/besteffort/podx/" + kId);
  const uint64_t second = Make("kubepods.slice/cri-containerd-" + kEveryDigitId + ".scope");
  Make("system.slice/sshd.service");
  EXPECT_THAT(Scan(), UnorderedElementsAre(
                          std::pair(first, kId),
                          std::pair(second, "cri-containerd-" + kEveryDigitId + ".scope")));
}

TEST_F(CgroupScanTest, FollowsNoLinks) {
  const uint64_t real = Make("a/" + kId);
  std::filesystem::create_directory_symlink(root_ + "/a", root_ + "/b");
  std::filesystem::create_directory_symlink(root_ + "/a", root_ + "/a/" + kEveryDigitId);
  EXPECT_THAT(Scan(), UnorderedElementsAre(std::pair(real, kId)));
}

TEST_F(CgroupScanTest, IsEmptyWhereThereAreNoContainers) { EXPECT_THAT(Scan(), IsEmpty()); }

TEST_F(CgroupScanTest, SaysThatTheRootIsMissing) {
  const auto found = FindContainerCgroups(root_ + "/none");
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, ::testing::HasSubstr("/none"));
}

TEST_F(CgroupScanTest, AContainerIsFoundFromAProcesssPathAlsoBelowIt) {
  const uint64_t id = Make("kubepods/pod1/" + kId);
  Make("kubepods/pod1/" + kId + "/inner");
  for (const std::string below : {"", "/inner"}) {
    const auto found = FindContainerCgroup(root_, "/kubepods/pod1/" + kId + below);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->name, kId);
  }
}

// An engine inside a container, and somebody who would be another container, make such.
TEST_F(CgroupScanTest, WhatIsCalledAContainerInsideOneIsPartOfIt) {
  const uint64_t outer = Make("kubepods/pod1/" + kId);
  Make("kubepods/pod1/" + kId + "/docker/" + kEveryDigitId);

  EXPECT_THAT(Scan(), UnorderedElementsAre(std::pair(outer, kId)));
  const auto found =
      FindContainerCgroup(root_, "/kubepods/pod1/" + kId + "/docker/" + kEveryDigitId);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->id, outer);
}

TEST_F(CgroupScanTest, AContainerIsFoundFromAnotherCgroupNamespace) {
  const uint64_t id = Make("kubepods/pod1/" + kId);
  const auto found = FindContainerCgroup(root_, "/../../pod1/" + kId);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->id, id);
}

TEST_F(CgroupScanTest, TwoOfOneNameAreNotGuessedAt) {
  Make("kubepods/pod1/" + kId);
  Make("kubepods/pod2/" + kId);
  EXPECT_FALSE(FindContainerCgroup(root_, "/../../pod1/" + kId));
}

TEST_F(CgroupScanTest, NoContainersPathIsAnError) {
  Make("system");
  EXPECT_FALSE(FindContainerCgroup(root_, "/system"));
  EXPECT_FALSE(FindContainerCgroup(root_, "/" + kId));
  EXPECT_FALSE(FindContainerCgroup(root_, ""));
}

}  // namespace
}  // namespace nestor
