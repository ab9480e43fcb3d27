// SPDX-License-Identifier: Apache-2.0
#include "agent/event/record.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

TEST(AddressTest, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(ToString(Address{AddressFamily::kInet, 51544, 0, {10, 0, 3, 7}}), "10.0.3.7:51544");
  Address loopback{AddressFamily::kInet6, 22, 0, {}};
  loopback.bytes[15] = 1;
  EXPECT_EQ(ToString(loopback), "[::1]:22");
}

TEST(AddressTest, UnixAndNoneHaveNoText) {
  EXPECT_EQ(ToString(Address{AddressFamily::kUnix, 0, 0, {}}), "");
  EXPECT_EQ(ToString(Address{}), "");
}

}  // namespace
}  // namespace nestor
