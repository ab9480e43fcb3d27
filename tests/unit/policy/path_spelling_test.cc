// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/path_spelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

// What is advised; "" where nothing is wrong.
std::string NeverBut(const char* glob) {
  const auto wrong = NeverAPath(glob);
  return wrong ? wrong->instead : "";
}

std::string LinkBut(const char* glob) {
  const auto link = UsuallyALink(glob);
  return link ? link->instead : "";
}

TEST(PathSpellingTest, APathThatNoResolvedOneCanBeHasANearestRightOne) {
  EXPECT_EQ(NeverBut("//usr/bin/nc"), "/usr/bin/nc");
  EXPECT_EQ(NeverBut("/usr//bin/nc"), "/usr/bin/nc");
  EXPECT_EQ(NeverBut("/usr/bin/nc/"), "/usr/bin/nc");
  EXPECT_EQ(NeverBut("/usr/./bin/nc"), "/usr/bin/nc");
  EXPECT_EQ(NeverBut("/usr/bin/../sbin/nc"), "/usr/sbin/nc");
  EXPECT_EQ(NeverBut("/../etc/x"), "/etc/x");
  EXPECT_EQ(NeverBut("/usr/bin/."), "/usr/bin");
  EXPECT_EQ(NeverBut("/usr/\\./nc"), "/usr/nc");
  EXPECT_EQ(NeverBut("/data/**/"), "/data/**");
}

TEST(PathSpellingTest, LinksOfProcAreInNoResolvedPath) {
  EXPECT_EQ(NeverBut("/proc/self/mem"), "/proc/*/mem");
  EXPECT_EQ(NeverBut("/proc/thread-self/mem"), "/proc/*/task/*/mem");
  EXPECT_EQ(NeverBut("/proc/net/tcp"), "/proc/*/net/tcp");
  EXPECT_EQ(NeverBut("/proc/mounts"), "/proc/*/mounts");
  EXPECT_EQ(NeverBut("/proc/sys/kernel/core_pattern"), "");
}

TEST(PathSpellingTest, WhatCanMatchIsLeftAlone) {
  for (const char* glob : {"/", "/**", "/**/ssh", "/usr/bin/*", "/etc/..data", "/a/...", "/a/.b",
                           "@abstract//name", "**/x", "/usr/lib/libstdc++.so.6", "/memfd:x"}) {
    EXPECT_EQ(NeverBut(glob), "") << glob;
  }
}

TEST(PathSpellingTest, UsualLinksAreNoted) {
  EXPECT_EQ(LinkBut("/bin/nc"), "/usr/bin/nc");
  EXPECT_EQ(LinkBut("/sbin/*"), "/usr/sbin/*");
  EXPECT_EQ(LinkBut("/var/run/docker.sock"), "/run/docker.sock");
  EXPECT_EQ(LinkBut("/usr/bin/python3"), "/usr/bin/python3*");
  EXPECT_EQ(LinkBut("/usr/bin/nc"), "/usr/bin/nc.*");
  EXPECT_EQ(LinkBut("/usr/bin/curl"), "");
  EXPECT_EQ(LinkBut("/**/nc"), "");
  EXPECT_EQ(LinkBut("/opt/bin/nc"), "");
}

}  // namespace
}  // namespace nestor
