// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/fingerprint.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/policy/compiled.h"

namespace nestor {
namespace {

constexpr char kPolicy[] = R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  selector: {namespaces: [shop]}
  rules:
  - name: no-shadow
    file: {paths: [/etc/shadow]}
  - name: no-metadata
    connect: {cidrs: [169.254.169.254/32]}
)";

TEST(FingerprintTest, TheSamePoliciesHaveTheSameInEveryGeneration) {
  EXPECT_EQ(FingerprintOf(Compiled(kPolicy, 1)), FingerprintOf(Compiled(kPolicy, 2)));
  EXPECT_NE(FingerprintOf(CompiledPolicies{}), 0U);
}

TEST(FingerprintTest, AnyDifferenceIsSeen) {
  const std::vector<std::function<void(CompiledPolicies&)>> changes = {
      [](auto& set) { set.rules[0].name += "x"; },
      [](auto& set) { set.rules[0].mode = Mode::kAudit; },
      [](auto& set) { set.rules[0].action = Action::kKill; },
      [](auto& set) { set.rules[0].min_depth = 2; },
      [](auto& set) { set.rules[0].through_hops = 2; },
      [](auto& set) { set.rules[0].through_place = 1; },
      [](auto& set) { set.rules[0].through_agents = 1; },
      [](auto& set) { set.rules[0].agents = 1; },
      [](auto& set) { set.agent_lists.push_back({"claude"}); },
      [](auto& set) { set.marks.names.push_back("claude"); },
      [](auto& set) { set.places = {{"sidecar"}}; },
      [](auto& set) { set.rules[0].users = 1; },
      [](auto& set) { set.user_lists = {{"alice"}}; },
      [](auto& set) { set.rules[0].while_unknown = false; },
      [](auto& set) { set.rules[0].selector.namespaces[0] = "dev"; },
      [](auto& set) { set.rules[0].selector.labels["app"] = "web"; },
      [](auto& set) { set.rules[1].port_max = 80; },
      [](auto& set) { set.rules[1].asks_name = true; },
      [](auto& set) { set.dns_name.class_of[1] = 1; },
      [](auto& set) { set.rules.pop_back(); },
      [](auto& set) { set.open_path.next.back() ^= 1; },
      [](auto& set) { set.open_path.sets.back().flip(); },
      [](auto& set) { set.cidrs[0].prefix_len = 16; },
      [](auto& set) { set.default_rules.flip(0); },
  };
  const uint64_t unchanged = FingerprintOf(Compiled(kPolicy));
  for (size_t number = 0; number < changes.size(); ++number) {
    CompiledPolicies set = Compiled(kPolicy);
    changes[number](set);
    EXPECT_NE(FingerprintOf(set), unchanged) << "change " << number;
  }
}

}  // namespace
}  // namespace nestor
