// SPDX-License-Identifier: Apache-2.0
#include "agent/api/socket_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/base/unique_fd.h"
#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

// A socket that listens at `path`.
UniqueFd Listen(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(fd.get(), 1), 0);
  return fd;
}

mode_t ModeOf(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

std::string WhyRefused(const std::string& path) {
  const Result<SocketPath> claimed = SocketPath::Claim(path);
  return claimed ? "" : claimed.error().message;
}

class SocketPathTest : public ::testing::Test {
 protected:
  TempDir temp_;
  const std::string directory_ = temp_.path() + "/run/nestor";
  const std::string path_ = directory_ + "/nestord.sock";
};

TEST_F(SocketPathTest, TheSocketIsPublishedWithItsModeInAClosedDirectory) {
  Result<SocketPath> claimed = SocketPath::Claim(path_);
  ASSERT_TRUE(claimed.ok());
  const UniqueFd socket = Listen(claimed->private_path());

  const Status published = claimed->Publish(0660);

  ASSERT_TRUE(published.ok());
  EXPECT_EQ(ModeOf(path_), 0660u);
  EXPECT_EQ(ModeOf(directory_), 0750u);
  EXPECT_THAT(NamesIn(directory_), ::testing::ElementsAre("nestord.sock"));
}

TEST_F(SocketPathTest, BeforeItIsPublishedNobodyElseCanReachTheSocket) {
  const Result<SocketPath> claimed = SocketPath::Claim(path_);

  ASSERT_TRUE(claimed.ok());
  EXPECT_EQ(ModeOf(std::filesystem::path(claimed->private_path()).parent_path()), 0700u);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketPathTest, NothingIsLeftWhenTheOwnerGoes) {
  {
    Result<SocketPath> claimed = SocketPath::Claim(path_);
    ASSERT_TRUE(claimed.ok());
    const UniqueFd socket = Listen(claimed->private_path());
    ASSERT_TRUE(claimed->Publish(0600).ok());
  }

  EXPECT_THAT(NamesIn(directory_), ::testing::IsEmpty());
}

TEST_F(SocketPathTest, NothingIsLeftOfAClaimThatWasNotUsed) {
  {
    ASSERT_TRUE(SocketPath::Claim(path_).ok());
  }

  EXPECT_THAT(NamesIn(directory_), ::testing::IsEmpty());
}

TEST_F(SocketPathTest, ADeadSocketIsReplaced) {
  std::filesystem::create_directories(directory_);
  {
    const UniqueFd dead = Listen(path_);
  }
  Result<SocketPath> claimed = SocketPath::Claim(path_);
  ASSERT_TRUE(claimed.ok());
  const UniqueFd socket = Listen(claimed->private_path());

  EXPECT_TRUE(claimed->Publish(0600).ok());
}

TEST_F(SocketPathTest, ALivingSocketIsLeftAlone) {
  std::filesystem::create_directories(directory_);
  const UniqueFd other = Listen(path_);

  EXPECT_EQ(WhyRefused(path_), "another nestord serves " + path_);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketPathTest, AFileThatIsNoSocketIsLeftAlone) {
  std::filesystem::create_directories(directory_);
  std::ofstream(path_) << "mine";

  EXPECT_THAT(WhyRefused(path_), HasSubstr("is no socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketPathTest, OfTwoThatStartAtOnceOneIsRefused) {
  const Result<SocketPath> first = SocketPath::Claim(path_);
  ASSERT_TRUE(first.ok());

  EXPECT_THAT(WhyRefused(path_), HasSubstr("another nestord is starting there"));
}

TEST_F(SocketPathTest, ASocketThatAnotherPutThereIsNotRemoved) {
  {
    Result<SocketPath> claimed = SocketPath::Claim(path_);
    ASSERT_TRUE(claimed.ok());
    const UniqueFd socket = Listen(claimed->private_path());
    ASSERT_TRUE(claimed->Publish(0600).ok());
    std::filesystem::remove(path_);
    std::ofstream(path_) << "of another";
  }

  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketPathTest, ADirectoryThatAnyoneCanWriteIsRefused) {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::all);

  EXPECT_THAT(WhyRefused(path_), HasSubstr("can be written by anyone"));
}

TEST_F(SocketPathTest, APathThatCannotBeASocketsIsRefused) {
  EXPECT_THAT(WhyRefused(""), HasSubstr("is not an absolute file name"));
  EXPECT_THAT(WhyRefused("nestord.sock"), HasSubstr("is not an absolute file name"));
  EXPECT_THAT(WhyRefused("/run/nestor/"), HasSubstr("is not an absolute file name"));
  EXPECT_THAT(WhyRefused("/run/nes?tor/s"), HasSubstr("holds a character"));
  EXPECT_THAT(WhyRefused("/run/" + std::string(100, 'x') + "/s"), HasSubstr("too long"));
}

}  // namespace
}  // namespace nestor
