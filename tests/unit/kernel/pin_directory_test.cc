// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/pin_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace nestor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

constexpr uint64_t kLayout = 0xabc, kOtherLayout = 0xdef;
const std::vector<std::string> kMaps = {"contexts", "bss"};

// Any directory serves: only names are handled. Files stand for maps and links.
class PinDirectoryTest : public testing::Test {
 protected:
  PinDirectoryTest() {
    std::string room = "/tmp/nestor-pins-XXXXXX";
    EXPECT_NE(mkdtemp(room.data()), nullptr);
    room_ = room;
    root_ = room + "/nestor";
  }
  ~PinDirectoryTest() override { fs::remove_all(room_); }

  PinDirectory Opened() const {
    auto pins = PinDirectory::Open(root_, 0);
    EXPECT_TRUE(pins) << pins.error().message;
    return *std::move(pins);
  }

  static void Touch(const std::string& path) { std::ofstream file(path); }

  // All that a start of nestord leaves.
  static void Fill(PinDirectory& pins, uint64_t layout, uint64_t instance) {
    EXPECT_TRUE(pins.Use(layout, kMaps));
    for (const std::string& map : kMaps) Touch(pins.MapPath(map));
    EXPECT_TRUE(pins.MakeInstance(instance));
    Touch(pins.LinkPath(instance, "on_exec"));
    Touch(pins.LinkPath(instance, "on_fork"));
  }

  std::string room_, root_;
};

TEST_F(PinDirectoryTest, AFreshOneHasNothingToGoOnWith) {
  PinDirectory pins = Opened();

  ASSERT_TRUE(pins.Use(kLayout, kMaps));

  EXPECT_FALSE(pins.continued());
  EXPECT_THAT(pins.Instances(), IsEmpty());
  EXPECT_EQ(pins.MapPath("contexts"), root_ + "/state-0000000000000abc/maps/contexts");
}

TEST_F(PinDirectoryTest, WhatIsWholeIsGoneOnWith) {
  {
    PinDirectory pins = Opened();
    Fill(pins, kLayout, 7);
  }
  PinDirectory pins = Opened();

  ASSERT_TRUE(pins.Use(kLayout, kMaps));

  EXPECT_TRUE(pins.continued());
  EXPECT_THAT(pins.Instances(), ElementsAre(7));
}

TEST_F(PinDirectoryTest, HalfOfItIsRemoved) {
  {
    PinDirectory pins = Opened();
    Fill(pins, kLayout, 7);
    fs::remove(pins.MapPath("bss"));
  }
  PinDirectory pins = Opened();

  ASSERT_TRUE(pins.Use(kLayout, kMaps));

  EXPECT_FALSE(pins.continued());
  EXPECT_THAT(pins.Instances(), IsEmpty());
  EXPECT_FALSE(fs::exists(pins.MapPath("contexts")));
}

TEST_F(PinDirectoryTest, MapsThatNoProgramUsesAreRemoved) {
  {
    PinDirectory pins = Opened();
    Fill(pins, kLayout, 7);
    pins.RemoveInstance(7);
  }
  PinDirectory pins = Opened();

  ASSERT_TRUE(pins.Use(kLayout, kMaps));

  EXPECT_FALSE(pins.continued());
}

TEST_F(PinDirectoryTest, AnotherLayoutIsLeftUntilItIsReplaced) {
  PinDirectory pins = Opened();
  Fill(pins, kOtherLayout, 7);

  Fill(pins, kLayout, 8);

  EXPECT_THAT(pins.Others(), ElementsAre("state-0000000000000def"));
  const Removal removal = pins.RemoveOthers();
  EXPECT_EQ(removal.links, 2U);
  EXPECT_EQ(removal.maps, 2U);
  EXPECT_THAT(pins.Others(), IsEmpty());
  EXPECT_THAT(pins.Instances(), ElementsAre(8));
}

TEST_F(PinDirectoryTest, TwoInstancesStandBesideEachOther) {
  PinDirectory pins = Opened();
  Fill(pins, kLayout, 7);
  Fill(pins, kLayout, 8);
  EXPECT_THAT(pins.Instances(), ElementsAre(7, 8));

  EXPECT_EQ(pins.RemoveInstance(7).links, 2U);

  EXPECT_THAT(pins.Instances(), ElementsAre(8));
}

TEST_F(PinDirectoryTest, RemovingAllLeavesNoTrace) {
  PinDirectory pins = Opened();
  Fill(pins, kOtherLayout, 7);
  Fill(pins, kLayout, 8);

  const Removal removal = pins.RemoveAll();

  EXPECT_EQ(removal.links, 4U);
  EXPECT_EQ(removal.maps, 4U);
  EXPECT_THAT(removal.left, IsEmpty());
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(PinDirectoryTest, WhatIsNotOursIsLeftAndNamed) {
  PinDirectory pins = Opened();
  Fill(pins, kLayout, 8);
  Touch(root_ + "/somebody-elses");

  const Removal removal = pins.RemoveAll();

  EXPECT_EQ(removal.links, 2U);
  ASSERT_THAT(removal.left, SizeIs(1));
  EXPECT_THAT(removal.left[0],
              AllOf(HasSubstr("somebody-elses"), HasSubstr("not made by nestord")));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(PinDirectoryTest, OnlyOneUsesItAndTheOtherIsTold) {
  const PinDirectory first = Opened();

  const auto second = PinDirectory::Open(root_, 0);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "another nestord (pid " + std::to_string(getpid()) + ") uses " + root_);
}

TEST_F(PinDirectoryTest, OneThatIsRemovedMeanwhileIsMadeAnew) {
  {
    PinDirectory pins = Opened();
    pins.RemoveAll();
  }
  Opened();

  EXPECT_TRUE(fs::exists(root_));
}

TEST(IsInBpfFilesystemTest, AnOrdinaryDirectoryIsNone) {
  EXPECT_FALSE(IsInBpfFilesystem("/tmp"));
  EXPECT_FALSE(IsInBpfFilesystem("/tmp/not/there/at/all"));
}

}  // namespace
}  // namespace nestor
