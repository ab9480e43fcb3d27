// SPDX-License-Identifier: Apache-2.0
// Credential, namespace and trace rules: from the language to the kernel's tables, and judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "agent/policy/evaluate.h"
#include "agent/policy/tables.h"
#include "tests/unit/policy/compiled.h"

namespace nestor {
namespace {

CompiledPolicies Enforced(const std::string& rules, const std::string& spec = "") {
  return Compiled(
      "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  mode: "
      "enforce\n" +
      spec + "  rules:\n" + rules);
}

bool Denies(const CompiledPolicies& policies, const std::string& act,
            const std::string& executable = "") {
  Subject subject;
  subject.workload = {"default", "pod", "uid", "main", "c1", "image"};
  subject.executable = executable;
  EXPECT_TRUE(ReadActText(act, subject.act)) << act;
  subject.event = EventOf(subject.act);
  return Evaluate(policies, subject).action == Action::kDeny;
}

TEST(ActRuleTest, ATraceRuleIsAboutItsOperations) {
  const auto policies = Enforced("  - {name: a, trace: {operations: [ptrace, proc-mem]}}\n");

  EXPECT_TRUE(Denies(policies, "ptrace"));
  EXPECT_TRUE(Denies(policies, "proc-mem"));
  EXPECT_FALSE(Denies(policies, "process-vm-read"));
  EXPECT_FALSE(Denies(policies, "unshare user"));
}

TEST(ActRuleTest, ANamespaceRuleDeniesAnyOfItsKinds) {
  const auto policies =
      Enforced("  - {name: a, namespace: {kinds: [user, net], operations: [unshare]}}\n");

  EXPECT_TRUE(Denies(policies, "unshare user"));
  EXPECT_TRUE(Denies(policies, "unshare mnt,net"));
  EXPECT_FALSE(Denies(policies, "unshare mnt"));
  EXPECT_FALSE(Denies(policies, "clone user"));
}

TEST(ActRuleTest, WhatIsNotGivenIsAny) {
  const auto policies = Enforced("  - {name: a, namespace: {}}\n  - {name: b, credential: {}}\n");

  EXPECT_TRUE(Denies(policies, "setns time"));
  EXPECT_TRUE(Denies(policies, "uid 0 -> 1000"));
  EXPECT_TRUE(Denies(policies, "gains CAP_CHOWN"));
  EXPECT_FALSE(Denies(policies, "ptrace"));
}

TEST(ActRuleTest, ACredentialRuleAsksForAllThatItGives) {
  const auto uids = Enforced("  - {name: a, credential: {toUids: [0, 5]}}\n");
  EXPECT_TRUE(Denies(uids, "uid 1000 -> 0"));
  EXPECT_TRUE(Denies(uids, "uid 1000 -> 5"));
  EXPECT_FALSE(Denies(uids, "uid 0 -> 1000"));
  EXPECT_FALSE(Denies(uids, "gains CAP_CHOWN"));  // and stays who it is

  const auto both =
      Enforced("  - {name: a, credential: {toUids: [0], capabilities: [CAP_SYS_ADMIN]}}\n");
  EXPECT_TRUE(Denies(both, "uid 1000 -> 0 gains CAP_CHOWN,CAP_SYS_ADMIN"));
  EXPECT_FALSE(Denies(both, "uid 1000 -> 0 gains CAP_CHOWN"));
  EXPECT_FALSE(Denies(both, "gains CAP_SYS_ADMIN"));
}

TEST(ActRuleTest, AnAllowanceIsForAllThatIsDoneAtOnce) {
  const auto policies = Enforced(
      "  - {name: a, action: allow, namespace: {kinds: [user, mnt]}}\n"
      "  - {name: b, action: allow, credential: {capabilities: [CAP_NET_RAW]}}\n",
      "  default: deny\n");

  EXPECT_FALSE(Denies(policies, "unshare mnt,user"));
  EXPECT_TRUE(Denies(policies, "unshare net,user"));
  EXPECT_FALSE(Denies(policies, "gains CAP_NET_RAW"));
  EXPECT_TRUE(Denies(policies, "gains CAP_NET_RAW,CAP_SYS_ADMIN"));
  EXPECT_TRUE(Denies(policies, "uid 1 -> 2"));
  EXPECT_FALSE(Denies(policies, "ptrace"));  // no allowance is about tracing
}

TEST(ActRuleTest, ExecutablesAreExcepted) {
  const auto policies = Enforced(
      "  - {name: a, trace: {operations: [ptrace]}, exceptions: [{executables: "
      "[/usr/bin/gdb]}]}\n");

  EXPECT_FALSE(Denies(policies, "ptrace", "/usr/bin/gdb"));
  EXPECT_TRUE(Denies(policies, "ptrace", "/usr/bin/strace"));
}

TEST(ActRuleTest, TheKernelGetsOneRuleForEachUid) {
  const auto policies = Enforced(
      "  - {name: a, credential: {toUids: [0, 7], capabilities: [CAP_CHOWN]}}\n"
      "  - {name: b, namespace: {kinds: [uts], operations: [setns]}}\n"
      "  - {name: c, trace: {operations: [ptrace]}}\n");
  const auto tables = MakeTables(policies);

  ASSERT_TRUE(tables.ok());
  ASSERT_EQ(tables->rules.size(), 4U);
  EXPECT_EQ(tables->rules[0].to_uid, 0U);
  EXPECT_EQ(tables->rules[1].to_uid, 7U);
  EXPECT_EQ(tables->rules[1].capabilities, 1U);
  EXPECT_EQ(tables->rules[2].kinds, NESTOR_KIND_UTS);
  EXPECT_EQ(tables->rules[2].operations, NESTOR_OPERATION_SETNS);
  EXPECT_EQ(tables->rules[2].to_uid, NESTOR_ANY_UID);
  EXPECT_EQ(tables->rules[3].operations, NESTOR_OPERATION_PTRACE);
  EXPECT_EQ(tables->events[NESTOR_RULE_CREDENTIAL].all.word[0], 3U);
  EXPECT_EQ(tables->default_rules.events,
            1U << NESTOR_RULE_CREDENTIAL | 1U << NESTOR_RULE_NAMESPACE | 1U << NESTOR_RULE_TRACE);
}

TEST(ActRuleTest, UnknownWordsAreFaults) {
  const auto policies = ParsePolicies(
      "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n  rules:\n"
      "  - {name: a, credential: {capabilities: [CAP_SYS_ADMINN]}}\n",
      "p.yaml");

  ASSERT_FALSE(policies.ok());
  EXPECT_THAT(policies.error().message, testing::HasSubstr("CAP_SYS_ADMIN`"));
}

}  // namespace
}  // namespace nestor
