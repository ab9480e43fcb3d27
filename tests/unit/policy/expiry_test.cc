// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/expiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Day kLast = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31);

PolicyDocument Policy() {
  const auto policies = ParsePolicies(R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: p}
spec:
  rules:
  - name: r
    file: {paths: [/a]}
    exceptions:
    - {until: 2026-12-31, namespaces: [ci], reason: a migration}
    - {namespaces: [kube-system]}
)",
                                      "p.yaml");
  EXPECT_TRUE(policies.ok()) << policies.error().message;
  return policies ? policies->front() : PolicyDocument();
}

TEST(ExpiryTest, AnExceptionCountsUntilTheEndOfItsLastDay) {
  PolicyDocument policy = Policy();

  EXPECT_THAT(RemoveExpired(policy, kLast), IsEmpty());
  EXPECT_EQ(policy.rules[0].exceptions.size(), 2u);
  EXPECT_EQ(NextExpiry(policy, kLast), kLast + std::chrono::days(1));
  EXPECT_THAT(RemoveExpired(policy, kLast + std::chrono::days(1)),
              ElementsAre("p.yaml:9:7: the exception of rule `r` ended with 2026-12-31 and counts "
                          "no longer"));
  EXPECT_EQ(policy.rules[0].exceptions.size(), 1u);
  EXPECT_EQ(NextExpiry(policy, kLast), std::nullopt);
}

}  // namespace
}  // namespace nestor
