// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

using ::testing::HasSubstr;
using ::testing::TestWithParam;

struct GlobCase {
  const char* glob;
  const char* text;
  bool matches;
  GlobKind kind = GlobKind::kPath;
};

class GlobTest : public TestWithParam<GlobCase> {};

TEST_P(GlobTest, MatchesAsDocumented) {
  const Result<Pattern> pattern = ParseGlob(GetParam().glob, GetParam().kind);

  ASSERT_TRUE(pattern.ok()) << pattern.error().message;
  EXPECT_EQ(PatternMatches(*pattern, GetParam().text), GetParam().matches)
      << GetParam().glob << " on " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, GlobTest,
    testing::Values(
        GlobCase{"/etc/shadow", "/etc/shadow", true},
        GlobCase{"/etc/shadow", "/etc/shadow-", false},
        GlobCase{"/etc/shadow", "/x/etc/shadow", false}, GlobCase{"/etc/*", "/etc/passwd", true},
        GlobCase{"/etc/*", "/etc/ssh/key", false}, GlobCase{"/etc/**", "/etc/ssh/key", true},
        GlobCase{"/**/kubectl", "/kubectl", true},
        GlobCase{"/**/kubectl", "/usr/bin/kubectl", true},
        GlobCase{"/**/kubectl", "/usr/bin/xkubectl", false},
        GlobCase{"/a/**/b/**/c", "/a/b/c", true}, GlobCase{"/a/**/b/**/c", "/a/x/y/b/z/c", true},
        GlobCase{"/a/**/b/**/c", "/a/x/c", false}, GlobCase{"**/id_rsa", "/root/.ssh/id_rsa", true},
        GlobCase{"/tmp/?", "/tmp/a", true}, GlobCase{"/tmp/?", "/tmp/", false},
        GlobCase{"/tmp/[a-c]x", "/tmp/bx", true}, GlobCase{"/tmp/[!a-c]x", "/tmp/bx", false},
        GlobCase{"/tmp/[!a-c]x", "/tmp/dx", true}, GlobCase{"/tmp[!x]a", "/tmp/a", false},
        GlobCase{"/tmp/[]]", "/tmp/]", true}, GlobCase{"/tmp/[a-]", "/tmp/-", true},
        GlobCase{"/tmp/\\*", "/tmp/*", true}, GlobCase{"/tmp/\\*", "/tmp/a", false},
        GlobCase{"--kubeconfig=*", "--kubeconfig=/a/b", true, GlobKind::kArgument},
        GlobCase{"a**b", "a/x/b", true, GlobKind::kArgument},
        GlobCase{"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true, GlobKind::kArgument}));

class BadGlobTest : public TestWithParam<std::pair<std::string, const char*>> {};

TEST_P(BadGlobTest, SaysWhereAndWhy) {
  const Result<Pattern> pattern = ParseGlob(GetParam().first, GlobKind::kPath);

  ASSERT_FALSE(pattern.ok());
  EXPECT_THAT(pattern.error().message, HasSubstr(GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadGlobTest,
    testing::Values(std::pair{"", "empty"}, std::pair{"/a/[bc", "at character 4: `[` without"},
                    std::pair{"/a\\", "at character 3"}, std::pair{"/a***", "at character 3"},
                    std::pair{"/[z-a]", "backwards"}, std::pair{"/[/]", "matches no character"},
                    std::pair{std::string("/a\0b", 4), "NUL"},
                    std::pair{std::string(kMaxGlobBytes + 1, 'a'), "at most"}));

}  // namespace
}  // namespace nestor
