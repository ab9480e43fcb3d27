// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "tests/unit/beat/sample_beats.h"

namespace nestor {
namespace {

using testing::HasSubstr;

class StateDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(room_.data()), nullptr);
    path_ = room_ + "/nestor";
  }
  void TearDown() override {
    std::error_code ignored;  // what is left lies in /tmp
    std::filesystem::remove_all(room_, ignored);
  }

  StateDirectory Opened() {
    auto directory = StateDirectory::Open(path_);
    EXPECT_TRUE(directory) << directory.error().message;
    return *std::move(directory);
  }
  std::string In(const std::string& name) const { return path_ + "/" + name; }
  mode_t ModeOf(const std::string& path) const {
    struct stat info{};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::string Read(const std::string& path) {
    std::stringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
  }
  std::string WhyNotOpened() {
    const auto directory = StateDirectory::Open(path_);
    return directory ? "" : directory.error().message;
  }
  std::string WhyNoKey() {
    const auto key = Opened().Key();
    return key ? "" : key.error().message;
  }

  std::string room_ = "/tmp/nestor-beat-XXXXXX";
  std::string path_;
};

TEST_F(StateDirectoryTest, TheFirstStartMakesAllOfItForItsUserOnly) {
  StateDirectory directory = Opened();
  const auto key = directory.Key();

  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(In("node.key")), 0600u);
  EXPECT_EQ(Read(In("node.pub")), key->public_key().Pem());
  EXPECT_FALSE(std::filesystem::exists(In("node.key.new")));
  EXPECT_EQ(directory.ReadBeat(key->public_key()).earlier, kEarlierNone);
}

TEST_F(StateDirectoryTest, TheNextStartHasTheSameKeyAndFindsTheHeartbeat) {
  mkdir(path_.c_str(), 0755);
  Write(In("node.key"), sample::kKeyPem);
  chmod(In("node.key").c_str(), 0600);
  ASSERT_TRUE(Opened().WriteBeat(sample::Beat()));

  StateDirectory directory = Opened();
  const auto key = directory.Key();

  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_key().id(), sample::kKeyId);
  EXPECT_EQ(directory.ReadBeat(key->public_key()).beat, sample::Beat());
  EXPECT_EQ(ModeOf(In("heartbeat")), 0600u);
}

TEST_F(StateDirectoryTest, AHeartbeatTakesThePlaceOfTheOneBefore) {
  StateDirectory directory = Opened();
  HeartbeatInfo beat = sample::Beat();
  ASSERT_TRUE(directory.WriteBeat(beat));
  beat.number = 77;

  ASSERT_TRUE(directory.WriteBeat(beat));

  EXPECT_EQ(Read(In("heartbeat")), ToBeatFile(beat));
  EXPECT_FALSE(std::filesystem::exists(In("heartbeat.new")));
}

TEST_F(StateDirectoryTest, WhatAKilledWriterLeftIsInNobodysWay) {
  StateDirectory directory = Opened();
  Write(In("heartbeat.new"), "half");
  Write(In("node.key.new"), "half");

  EXPECT_TRUE(directory.Key());
  EXPECT_TRUE(directory.WriteBeat(sample::Beat()));
  EXPECT_EQ(Read(In("heartbeat")), ToBeatFile(sample::Beat()));
}

TEST_F(StateDirectoryTest, ALinkIsNotWrittenThrough) {
  StateDirectory directory = Opened();
  Write(room_ + "/other", "precious");
  ASSERT_EQ(symlink((room_ + "/other").c_str(), In("heartbeat.new").c_str()), 0);
  ASSERT_EQ(symlink((room_ + "/other").c_str(), In("heartbeat").c_str()), 0);
  EXPECT_EQ(directory.ReadBeat(sample::Key().public_key()).earlier, kEarlierUnreadable);

  ASSERT_TRUE(directory.WriteBeat(sample::Beat()));

  EXPECT_EQ(Read(room_ + "/other"), "precious");
  EXPECT_EQ(Read(In("heartbeat")), ToBeatFile(sample::Beat()));
}

TEST_F(StateDirectoryTest, ADirectoryThatOthersMayWriteToIsRefused) {
  for (const mode_t mode : {0770, 0707}) {
    mkdir(path_.c_str(), 0700);
    chmod(path_.c_str(), mode);
    EXPECT_THAT(WhyNotOpened(), HasSubstr("/nestor: others may write to it: chmod go-w"));
  }
}

TEST_F(StateDirectoryTest, ADirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  mkdir(path_.c_str(), 0700);
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(WhyNotOpened(), HasSubstr("belongs to user 65534, not to nestord's 0"));
}

TEST_F(StateDirectoryTest, WhatIsNoDirectoryIsRefused) {
  Write(path_, "");
  EXPECT_THAT(WhyNotOpened(), HasSubstr("Not a directory"));
  unlink(path_.c_str());
  ASSERT_EQ(symlink("/tmp", path_.c_str()), 0);
  EXPECT_NE(WhyNotOpened(), "");
  path_ = room_ + "/no/such/place";
  EXPECT_THAT(WhyNotOpened(), HasSubstr("No such file or directory"));
}

TEST_F(StateDirectoryTest, AKeyThatOthersMayReadIsRefusedAndStays) {
  ASSERT_TRUE(Opened().Key());
  const std::string before = Read(In("node.key"));
  chmod(In("node.key").c_str(), 0640);

  EXPECT_THAT(WhyNoKey(), HasSubstr("node.key: others than its owner may use it: chmod 0600"));
  EXPECT_EQ(Read(In("node.key")), before);
}

TEST_F(StateDirectoryTest, WhatIsNoKeyIsRefusedAndStays) {
  Opened();
  Write(In("node.key"), "mine");
  chmod(In("node.key").c_str(), 0600);

  EXPECT_THAT(WhyNoKey(), HasSubstr("node.key: is no unencrypted private key in PEM"));
  EXPECT_EQ(Read(In("node.key")), "mine");
}

TEST_F(StateDirectoryTest, ALinkIsNoKey) {
  Opened();
  Write(room_ + "/key", sample::kKeyPem);
  chmod((room_ + "/key").c_str(), 0600);
  ASSERT_EQ(symlink((room_ + "/key").c_str(), In("node.key").c_str()), 0);

  EXPECT_NE(WhyNoKey(), "");
}

TEST_F(StateDirectoryTest, AWrongPublicHalfIsMadeRight) {
  StateDirectory directory = Opened();
  ASSERT_TRUE(directory.Key());
  Write(In("node.pub"), "of somebody else");

  const auto key = directory.Key();

  ASSERT_TRUE(key);
  EXPECT_EQ(Read(In("node.pub")), key->public_key().Pem());
}

TEST_F(StateDirectoryTest, AHeartbeatThatOthersMayWriteIsNotBelieved) {
  StateDirectory directory = Opened();
  ASSERT_TRUE(directory.WriteBeat(sample::Beat()));
  chmod(In("heartbeat").c_str(), 0666);

  const LastBeat last = directory.ReadBeat(sample::Key().public_key());

  EXPECT_EQ(last.earlier, kEarlierUnreadable);
  EXPECT_THAT(last.detail, HasSubstr("others may write to it"));
}

TEST_F(StateDirectoryTest, TwoNestordsDoNotShareOne) {
  StateDirectory first = Opened();
  ASSERT_TRUE(first.Lock(std::chrono::milliseconds(0)));
  {
    StateDirectory second = Opened();
    const Status locked = second.Lock(std::chrono::milliseconds(0));
    ASSERT_FALSE(locked);
    EXPECT_THAT(locked.error().message, HasSubstr("in use by another nestord"));
  }
}

TEST_F(StateDirectoryTest, AFailedWriteIsAnErrorAndLeavesTheOneBefore) {
  StateDirectory directory = Opened();
  ASSERT_TRUE(directory.WriteBeat(sample::Beat()));
  ASSERT_EQ(mkdir(In("heartbeat.new").c_str(), 0700), 0);  // what can't be unlinked

  const Status written = directory.WriteBeat(sample::Beat());

  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("heartbeat.new"));
  EXPECT_EQ(Read(In("heartbeat")), ToBeatFile(sample::Beat()));
}

}  // namespace
}  // namespace nestor
