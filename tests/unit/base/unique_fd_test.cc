// SPDX-License-Identifier: Apache-2.0
#include "agent/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace nestor {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

int OpenNull() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFdTest, ClosesWhatItOwnsAtItsEnd) {
  const int fd = OpenNull();
  {
    const UniqueFd owner(fd);
  }

  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, MovingHandsTheDescriptorOver) {
  UniqueFd first(OpenNull());
  const int fd = first.get();

  const UniqueFd second(std::move(first));

  EXPECT_FALSE(first.ok());  // NOLINT(bugprone-use-after-move): a moved-from owner owns nothing
  EXPECT_EQ(second.get(), fd);
  EXPECT_TRUE(IsOpen(fd));
}

TEST(UniqueFdTest, AssigningClosesTheOldOne) {
  UniqueFd owner(OpenNull());
  const int old = owner.get();
  const int fresh = OpenNull();

  owner = UniqueFd(fresh);

  EXPECT_FALSE(IsOpen(old));
  EXPECT_EQ(owner.get(), fresh);
}

TEST(UniqueFdTest, OwnsNothingAtFirst) { EXPECT_FALSE(UniqueFd().ok()); }

}  // namespace
}  // namespace nestor
