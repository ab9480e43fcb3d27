// SPDX-License-Identifier: Apache-2.0
#include "tools/oci_hook/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<HookOptions> Read(std::vector<const char*> arguments) { return ReadOptions(arguments); }

std::string Complaint(std::vector<const char*> arguments) {
  const auto options = ReadOptions(arguments);
  EXPECT_FALSE(options);
  return options ? "" : options.error().message;
}

TEST(HookOptionsTest, TheDefaultsStopNoContainer) {
  const auto options = Read({});
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->refuse);
  EXPECT_EQ(options->timeout, milliseconds(2000));
  EXPECT_EQ(options->socket, "/run/nestor/hook.sock");
}

TEST(HookOptionsTest, ValuesComeBehindASpaceOrAnEqualsSign) {
  const auto options = Read({"--on-failure=refuse", "--timeout", "500ms", "--socket=/s",
                             "--except-namespace", "a", "--except-namespace=b"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_TRUE(options->refuse);
  EXPECT_EQ(options->timeout, milliseconds(500));
  EXPECT_EQ(options->socket, "/s");
  EXPECT_THAT(options->except_namespaces, ElementsAre("a", "b"));
}

TEST(HookOptionsTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(Complaint({"--on-failure=ignore"}), HasSubstr("`ignore`"));
  EXPECT_THAT(Complaint({"--on-failure"}), HasSubstr("--on-failure"));
  for (const char* time : {"2", "9ms", "11s", "-1s", "1m", "", "4294967296s"}) {
    EXPECT_THAT(Complaint({"--timeout", time}), HasSubstr("10ms to 10s"));
  }
  EXPECT_THAT(Complaint({"--tiemout=1s"}), HasSubstr("--tiemout"));
  EXPECT_THAT(Complaint({"--socket="}), HasSubstr("wants a value"));
}

}  // namespace
}  // namespace nestor
