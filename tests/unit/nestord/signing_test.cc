// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/signing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace nestor {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class SigningTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(room_.data()), nullptr);
    path_ = room_ + "/state";
  }
  void TearDown() override {
    std::error_code ignored;  // what is left lies in /tmp
    std::filesystem::remove_all(room_, ignored);
  }

  Signing Opened(const std::string& path) {
    auto signing = OpenSigning(path);
    EXPECT_TRUE(signing) << signing.error().message;
    return *std::move(signing);
  }
  static std::shared_ptr<Heart> Start(Signing& signing) {
    return StartHeart({"node-a", "b00t", 100, 1000}, signing, milliseconds(0), [](const Error&) {});
  }
  static GapInfo GapOf(Heart& heart) { return heart.MakeGap({1, 2}, kKernelNothing, 0); }

  std::string room_ = "/tmp/nestor-signing-XXXXXX";
  std::string path_;
};

TEST_F(SigningTest, TheNextStartSignsWithTheSameKeyAndKnowsHowTheLastOneEnded) {
  std::string key_id;
  {
    Signing signing = Opened(path_);
    const auto heart = Start(signing);
    EXPECT_EQ(GapOf(*heart).earlier, kEarlierNone);
    heart->Beat({3, 4}, 12, 0, true);
    key_id = signing.key->public_key().id();
  }

  Signing signing = Opened(path_);
  const GapInfo gap = GapOf(*Start(signing));

  EXPECT_EQ(gap.key_id, key_id);
  EXPECT_EQ(gap.earlier, kEarlierKnown);
  EXPECT_EQ(gap.ending, kEndedOnPurpose);
  EXPECT_EQ(gap.previous_seq, 12u);
  const SignerInfo info = Describe(signing, path_);
  EXPECT_TRUE(info.lasting);
  EXPECT_EQ(info.key_id, key_id);
  EXPECT_EQ(PublicKey::FromPem(info.public_key)->id(), key_id);
}

TEST_F(SigningTest, WithoutADirectoryItGoesOnWithAKeyOfThisStart) {
  mkdir(path_.c_str(), 0700);
  chmod(path_.c_str(), 0777);
  for (const auto& [path, fault] : {std::pair{path_, std::string("others may write to it")},
                                    std::pair{std::string(), std::string("directory is empty")},
                                    std::pair{room_ + "/a/b", std::string("No such file")}}) {
    Signing signing = Opened(path);
    const auto heart = Start(signing);

    const GapInfo gap = GapOf(*heart);

    EXPECT_EQ(gap.earlier, kEarlierUnusable) << path;
    EXPECT_EQ(gap.key_id, signing.key->public_key().id());
    EXPECT_EQ(heart->Beat({3, 4}, 1, 0, false).number, 1u);
    EXPECT_FALSE(Describe(signing, path).lasting);
    EXPECT_THAT(Describe(signing, path).fault, HasSubstr(fault));
  }
}

TEST_F(SigningTest, ADirectoryThatAnotherNestordUsesIsLeftToIt) {
  Signing first = Opened(path_);
  const auto heart = Start(first);
  Signing second = Opened(path_);

  EXPECT_EQ(GapOf(*Start(second)).earlier, kEarlierUnusable);
  EXPECT_THAT(second.fault, HasSubstr("in use by another nestord"));
}

}  // namespace
}  // namespace nestor
