// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/proc_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace nestor {
namespace {

using testing::ElementsAre;
namespace fs = std::filesystem;

class ProcReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/proc-reader-XXXXXX";
    root_ = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(root_); }

  // A process directory; `start_ticks` is field 22 of stat.
  void Add(uint32_t pid, uint64_t start_ticks, const std::string& name = "sh",
           uint32_t parent = 1) {
    const fs::path directory = root_ / std::to_string(pid);
    fs::create_directories(directory);
    std::ofstream(directory / "stat")
        << pid << " (" << name << ") S " << parent
        << " 1 1 34819 1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 " << start_ticks << " 1000 10\n";
    std::ofstream(directory / "cmdline") << std::string("sh\0-c\0two words\0", 16);
    std::ofstream(directory / "status") << "Name:\tsh\nUid:\t1000\t1001\t1002\t1003\n"
                                        << "Gid:\t2000\t2001\t2002\t2003\n";
    std::ofstream(directory / "loginuid") << "500";
    fs::create_symlink("/usr/bin/dash", directory / "exe");
    fs::create_symlink("/srv", directory / "cwd");
  }

  // The key of a process that began `ticks` after the boot.
  static ProcessKey Key(uint32_t pid, uint64_t ticks) {
    const uint64_t tick_ns = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
    return {ticks * tick_ns + tick_ns / 2, pid};
  }

  fs::path root_;
};

// A session of sshd's process 41, whose first program is 42, with root directory and environment.
class LoginTest : public ProcReaderTest {
 protected:
  void SetUp() override {
    ProcReaderTest::SetUp();
    Add(41, 600, "sshd");
    Add(42, 700, "bash", 41);
    Write("41/cmdline", "sshd: alice@notty");
    Write("42/environ", std::string("A=b\0SSH_USER_AUTH=/tmp/sshauth.x1\0C=d\0", 38));
    Write("42/status", "Name:\tbash\nUid:\t0\t" + std::to_string(getuid()) + "\t0\t0\n");
    fs::create_directories(root_ / "42/root/tmp");
    Write("42/root/tmp/sshauth.x1", "password\n");
  }
  void Write(const std::string& path, const std::string& content) {
    std::ofstream(root_ / path) << content;
  }
  std::optional<LoginInfo> Login() { return ProcReader(root_).Login(Key(41, 600), Key(42, 700)); }
};

TEST_F(LoginTest, HasTheServersTitleAndItsFile) {
  const auto login = Login();

  ASSERT_TRUE(login);
  EXPECT_EQ(login->user, "alice");
  EXPECT_EQ(login->method, "password");
}

TEST_F(LoginTest, WithoutTheFileThereIsTheUser) {
  fs::remove(root_ / "42/root/tmp/sshauth.x1");

  const auto login = Login();

  ASSERT_TRUE(login);
  EXPECT_EQ(login->user, "alice");
  EXPECT_EQ(login->method, "");
}

TEST_F(LoginTest, AFileThatTheUserPutThereByALinkIsNotRead) {
  Write("secret", "password\n");
  fs::remove(root_ / "42/root/tmp/sshauth.x1");
  fs::create_symlink(root_ / "secret", root_ / "42/root/tmp/sshauth.x1");
  EXPECT_EQ(Login()->method, "");
  fs::remove(root_ / "42/root/tmp/sshauth.x1");
  fs::create_hard_link(root_ / "secret", root_ / "42/root/tmp/sshauth.x1");
  EXPECT_EQ(Login()->method, "");
}

TEST_F(LoginTest, OnlyFilesOfSshdAreRead) {
  Write("42/root/tmp/other", "password\n");
  Write("42/environ", "SSH_USER_AUTH=/tmp/other");
  EXPECT_EQ(Login()->method, "");
  Write("42/environ", "SSH_USER_AUTH=/tmp/sshauth.x1/../other");
  EXPECT_EQ(Login()->method, "");
}

TEST_F(LoginTest, AnotherProcessWithTheNumberIsNotTheSession) {
  EXPECT_FALSE(ProcReader(root_).Login(Key(41, 650), Key(42, 700)));
  EXPECT_EQ(ProcReader(root_).Login(Key(41, 600), Key(42, 750))->method, "");
}

TEST_F(ProcReaderTest, ReadsWhatAProcessShows) {
  Add(42, 700);

  const auto info = ProcReader(root_).Read(Key(42, 700));

  ASSERT_TRUE(info);
  EXPECT_EQ(info->exe, "/usr/bin/dash");
  EXPECT_EQ(info->cwd, "/srv");
  EXPECT_THAT(info->argv, ElementsAre("sh", "-c", "two words"));
  EXPECT_EQ(info->uid, 1001u);
  EXPECT_EQ(info->gid, 2001u);
  EXPECT_EQ(info->auid, 500u);
  EXPECT_EQ(info->tty, "pts/3");
  EXPECT_TRUE(info->pre_existing);
}

TEST_F(ProcReaderTest, AnotherProcessOfTheSameNumberIsNotIt) {
  Add(42, 700);

  EXPECT_FALSE(ProcReader(root_).Read(Key(42, 900)));
  EXPECT_FALSE(ProcReader(root_).Exists(Key(42, 900)));
  EXPECT_TRUE(ProcReader(root_).Exists(Key(42, 700)));
}

TEST_F(ProcReaderTest, ANameWithParenthesesAndBlanksDoesNotShiftTheFields) {
  Add(42, 700, "a) R 9 (b");

  EXPECT_TRUE(ProcReader(root_).Read(Key(42, 700)));
}

TEST_F(ProcReaderTest, AncestorsGoUpToWhereTheyAreUnknown) {
  Add(42, 700, "sh", 30);
  Add(30, 600, "a) (b", 20);
  Add(20, 500, "loop", 20);

  EXPECT_THAT(ProcReader(root_).Ancestors(Key(30, 600)).size(), 64u);  // a loop ends
  fs::remove_all(root_ / "20");
  EXPECT_THAT(ProcReader(root_).Ancestors(Key(42, 700)), ElementsAre(30u, 20u));
  EXPECT_THAT(ProcReader(root_).Ancestors(Key(42, 800)), testing::IsEmpty());
}

TEST_F(ProcReaderTest, AProcessThatIsGoneOrShowsNonsenseIsNone) {
  fs::create_directories(root_ / "43");
  std::ofstream(root_ / "43" / "stat") << "nonsense";

  EXPECT_FALSE(ProcReader(root_).Read(Key(42, 700)));
  EXPECT_FALSE(ProcReader(root_).Read(Key(43, 700)));
}

}  // namespace
}  // namespace nestor
