// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/peer_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace nestor {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kKeyText[] = "000102030405060708090a0b0c0d0e0f";

// A key file of its own for one test.
class PeerKeysTest : public testing::Test {
 protected:
  void Write(const std::string& text, mode_t mode = 0400) {
    std::ofstream(path_) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }
  std::string Fault() const {
    const auto keys = ReadPeerKeys({path_});
    return keys ? "" : keys.error().message;
  }
  void TearDown() override { unlink(path_.c_str()); }

  const std::string path_ = "/tmp/nestor-peer-key-" + std::to_string(getpid());
};

TEST_F(PeerKeysTest, ReadsTheDigitsAsTheReferenceDoes) {
  Write(std::string(kKeyText) + "\n");

  const auto keys = ReadPeerKeys({path_, path_});

  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0], (PeerKey{0x0706050403020100, 0x0f0e0d0c0b0a0908}));
}

TEST_F(PeerKeysTest, AFileThatOthersMayReadIsRefused) {
  Write(kKeyText, 0440);

  EXPECT_THAT(Fault(), HasSubstr("chmod 0400"));
}

TEST_F(PeerKeysTest, WhatIsInABadFileIsNotTold) {
  for (const char* text :
       {"", "00010203", "000102030405060708090a0b0c0d0e0g", "000102030405060708090a0b0c0d0e0f00",
        " 00102030405060708090a0b0c0d0e0f", "-00102030405060708090a0b0c0d0e0f"}) {
    Write(text, 0600);

    EXPECT_THAT(Fault(), HasSubstr("32 hex digits")) << text;
    EXPECT_THAT(Fault(), Not(HasSubstr("0001"))) << text;
  }
}

TEST_F(PeerKeysTest, AMissingFileIsNamed) { EXPECT_THAT(Fault(), HasSubstr(path_)); }

TEST_F(PeerKeysTest, ADirectoryIsNoKey) {
  EXPECT_THAT(ReadPeerKeys({"/"}).error().message, HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace nestor
