// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/enforceable.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

constexpr uint32_t Bit(RuleEvent event) { return 1U << static_cast<unsigned>(event); }

CompiledRule Rule(RuleEvent event) {
  CompiledRule rule;
  rule.event = event;
  return rule;
}

Capability Hook(const std::string& name, bool available, RuleEvent event,
                const std::string& effect = "") {
  Capability hook;
  hook.name = "hook:" + name;
  hook.available = available;
  hook.effect = effect;
  hook.rule_events = Bit(event);
  return hook;
}

Capability Lsm(bool available) {
  Capability lsm;
  lsm.name = "bpf-lsm";
  lsm.available = available;
  return lsm;
}

TEST(EnforceableTest, RulesHoldWhereAllHooksOfTheirKindAreThere) {
  const std::vector<Capability> all = {
      Lsm(true), Hook("decide_trace", true, RuleEvent::kTrace),
      Hook("decide_memory", true, RuleEvent::kTrace),
      Hook("decide_userns", false, RuleEvent::kNamespace, "unshare is not seen")};

  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kTrace), all), "");
}

TEST(EnforceableTest, EachHookThatIsMissingIsNamedWithWhatIsLost) {
  const std::vector<Capability> some = {
      Lsm(true), Hook("decide_userns", true, RuleEvent::kNamespace),
      Hook("decide_clone", false, RuleEvent::kNamespace, "clone is not seen"),
      Hook("decide_capable", false, RuleEvent::kNamespace, "setns is not seen")};

  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kNamespace), some),
            "hook:decide_clone is not attached: clone is not seen; "
            "hook:decide_capable is not attached: setns is not seen");
}

TEST(EnforceableTest, ADigestNeedsItsOwnHook) {
  Capability digest = Hook("decide_digest", false, RuleEvent::kExec, "digests are not known");
  digest.rule_events = kAsksForDigests;
  const std::vector<Capability> some = {Lsm(true), Hook("decide_bprm", true, RuleEvent::kExec),
                                        digest};
  CompiledRule rule = Rule(RuleEvent::kExec);
  EXPECT_EQ(WhyUnenforceable(rule, some), "");
  rule.digests = {"00"};
  EXPECT_EQ(WhyUnenforceable(rule, some),
            "hook:decide_digest is not attached: digests are not known");
}

TEST(EnforceableTest, ARuleAboutUsersNeedsToKnowThem) {
  CompiledRule rule = Rule(RuleEvent::kExec);
  rule.users = 1;
  std::vector<Capability> some = {Lsm(true), Hook("decide_bprm", true, RuleEvent::kExec)};
  EXPECT_EQ(WhyUnenforceable(rule, some),
            "hook:lsm_bprm_creds_for_exec is not attached: who logs in is not known");
  some.push_back(Hook("lsm_bprm_creds_for_exec", true, RuleEvent::kExec));
  EXPECT_EQ(WhyUnenforceable(rule, some), "");
}

TEST(EnforceableTest, WhatNoHookJudgesDoesNotHold) {
  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kConnect), {Lsm(true)}),
            "no hook judges connect rules");
}

TEST(EnforceableTest, WithoutTheLsmOnlyExecRulesHoldAndTheyByKilling) {
  std::vector<Capability> capabilities = {Lsm(false), Hook("decide_exec", true, RuleEvent::kExec)};

  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kExec), capabilities), "");
  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kOpen), capabilities),
            "bpf is not among this kernel's active LSMs");
  capabilities[1].available = false;
  EXPECT_EQ(WhyUnenforceable(Rule(RuleEvent::kExec), capabilities),
            "hook:decide_exec is not attached");
}

}  // namespace
}  // namespace nestor
