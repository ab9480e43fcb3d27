// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using ::testing::HasSubstr;

bool Covers(const char* network, const char* address) {
  const Result<Cidr> wide = ParseCidr(network), one = ParseCidr(address);
  EXPECT_TRUE(wide.ok() && one.ok()) << network << " " << address;
  return wide && one && wide->Covers(*one);
}

TEST(AddressTest, APrefixCoversItsAddressesAndNoOther) {
  EXPECT_TRUE(Covers("10.1.2.0/23", "10.1.3.255"));
  EXPECT_FALSE(Covers("10.1.2.0/23", "10.1.4.0"));
  EXPECT_TRUE(Covers("169.254.169.254", "169.254.169.254"));
  EXPECT_FALSE(Covers("169.254.169.254", "169.254.169.255"));
  EXPECT_TRUE(Covers("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(Covers("fd00:ec2::/33", "fd00:ec2:0:1::1"));
  EXPECT_FALSE(Covers("fd00:ec2::/33", "fd00:ec2:8000::1"));
}

TEST(AddressTest, FamiliesDoNotMixButMappedIsV4) {
  EXPECT_FALSE(Covers("0.0.0.0/0", "::1"));
  EXPECT_FALSE(Covers("::/0", "127.0.0.1"));
  EXPECT_TRUE(Covers("::ffff:10.0.0.0/104", "10.9.9.9"));
}

TEST(AddressTest, BitsBelowThePrefixAreRefusedWithTheNetworkThatIsMeant) {
  const Result<Cidr> network = ParseCidr("10.1.2.3/16");

  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("10.1.0.0/16"));
}

TEST(AddressTest, WhatIsNoNetworkIsRefused) {
  for (const char* text : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129",
                           "host.example", "10.0.0.0/-1", "10.0.0.0/8/8"})
    EXPECT_FALSE(ParseCidr(text).ok()) << text;
}

}  // namespace
}  // namespace nestor
