// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kHead =
    "apiVersion: nestor.dev/v1\n"
    "kind: ChainPolicy\n"
    "metadata: {name: p}\n"
    "spec:\n";

std::string ErrorOf(const std::string& spec) {
  const auto policies = ParsePolicies(std::string(kHead) + spec, "p.yaml");
  return policies ? "no error" : policies.error().message;
}

PolicyDocument Parsed(const std::string& spec) {
  auto policies = ParsePolicies(std::string(kHead) + spec, "p.yaml");
  EXPECT_TRUE(policies.ok()) << policies.error().message;
  return policies && policies->size() == 1 ? policies->front() : PolicyDocument();
}

TEST(DocumentTest, EveryFieldIsRead) {
  const PolicyDocument policy = Parsed(R"(  mode: enforce
  selector: {namespaces: [prod-*], pods: [web-0], containers: [main], labels: {app: web}, whileUnknown: skip}
  chain: {origins: [runtime-exec, ssh-login], minDepth: 1, maxDepth: 5, through: {hops: [tcp, trace], containers: [side-*, a/b/c]}}
  rules:
  - name: read
    message: "not yours"
    action: kill
    file: {paths: [/etc/shadow], access: read, exceptExecutables: [/usr/sbin/sshd]}
  - name: forward
    exec: {paths: ["/**/kubectl"], args: [port-forward, "*:*"]}
  - name: metadata
    action: audit
    connect: {cidrs: [169.254.169.254/32], ports: [80, "8000-8999"], unix: ["/run/*.sock", "@abstract"]}
)");

  EXPECT_EQ(policy.name, "p");
  EXPECT_EQ(policy.mode, Mode::kEnforce);
  EXPECT_THAT(policy.selector.namespaces, ElementsAre("prod-*"));
  EXPECT_EQ(policy.selector.labels.at("app"), "web");
  EXPECT_FALSE(policy.while_unknown);
  EXPECT_EQ(policy.origin_mask, 1U << 2 | 1U << 3);
  EXPECT_EQ(policy.through.hops, 1U << static_cast<unsigned>(HopKind::kTcp) |
                                     1U << static_cast<unsigned>(HopKind::kTrace));
  EXPECT_THAT(policy.through.containers, ElementsAre("side-*", "a/b/c"));
  EXPECT_EQ(policy.min_depth, 1u);
  EXPECT_EQ(policy.max_depth, 5u);
  ASSERT_EQ(policy.rules.size(), 3u);
  EXPECT_EQ(policy.rules[0].message, "not yours");
  EXPECT_EQ(policy.rules[0].action, Action::kKill);
  EXPECT_EQ(policy.rules[0].access, 1);
  ASSERT_EQ(policy.rules[0].exceptions.size(), 1u);
  EXPECT_EQ(policy.rules[0].exceptions[0].executables.size(), 1u);
  EXPECT_EQ(policy.rules[1].action, Action::kDeny);
  EXPECT_EQ(policy.rules[1].event, RuleEvent::kExec);
  ASSERT_EQ(policy.rules[2].ports.size(), 2u);
  EXPECT_EQ(policy.rules[2].ports[0].min, 80);
  EXPECT_EQ(policy.rules[2].ports[0].max, 80);
  EXPECT_EQ(policy.rules[2].ports[1].max, 8999);
  EXPECT_EQ(policy.rules[2].unix_paths.size(), 2u);
}

TEST(DocumentTest, NamesOfPeersAreReadInAnyCase) {
  const PolicyDocument policy =
      Parsed("  rules:\n  - {name: r, connect: {names: [\"*.Example.ORG.\", db]}}\n");
  ASSERT_EQ(policy.rules[0].names.size(), 2u);
  const Pattern& below = policy.rules[0].names[0].pattern;

  EXPECT_TRUE(PatternMatches(below, "a.b.example.org"));
  EXPECT_FALSE(PatternMatches(below, "example.org"));
  EXPECT_FALSE(PatternMatches(below, "a.example.org.evil"));
  EXPECT_TRUE(PatternMatches(policy.rules[0].names[1].pattern, "db"));
}

TEST(DocumentTest, ARuleThatAllowsAsksForNoNames) {
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, action: allow, connect: {names: [db]}}\n"),
              HasSubstr("a pod can tell itself any address"));
}

TEST(DocumentTest, WithoutAModeAPolicyOnlyAudits) {
  EXPECT_EQ(Parsed("  rules:\n  - {name: r, file: {paths: [/a]}}\n").mode, Mode::kAudit);
}

TEST(DocumentTest, ArgumentsMatchInOrderAnywhereBehindTheProgramsName) {
  const PolicyDocument policy =
      Parsed("  rules:\n  - {name: r, exec: {args: [port-forward, \"*:*\"]}}\n");
  ASSERT_EQ(policy.rules[0].args.size(), 1u);
  const auto matches = [&policy](std::string argv) {
    for (char& c : argv)
      if (c == '|') c = '\0';
    return PatternMatches(policy.rules[0].args[0].pattern, argv);
  };

  EXPECT_TRUE(matches("kubectl|port-forward|8080:80|"));
  EXPECT_TRUE(matches("kubectl|-n|x|port-forward|pod/web|8080:80|--address=::|"));
  EXPECT_FALSE(matches("kubectl|8080:80|port-forward|"));
  EXPECT_FALSE(matches("kubectl|port-forward-x|8080:80|"));
  EXPECT_FALSE(matches("port-forward|8080:80|"));
  EXPECT_FALSE(matches("kubectl|xport-forward|8080:80|"));
}

TEST(DocumentTest, UnknownWordsGetTheNearestRightOne) {
  EXPECT_THAT(ErrorOf("  ruels: []\n"),
              StartsWith("p.yaml:5:3: unknown field `ruels` in spec; did you mean `rules`?"));
  EXPECT_THAT(ErrorOf("  mode: enforced\n  rules: []\n"), HasSubstr("did you mean `enforce`?"));
  EXPECT_THAT(ErrorOf("  chain: {origins: [sshlogin]}\n"), HasSubstr("did you mean `ssh-login`?"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, flie: {paths: [/a]}}\n"),
              StartsWith("p.yaml:6:15: unknown field `flie` in a rule; did you mean `file`?"));
}

TEST(DocumentTest, WrongTypesAndValuesNameTheirPlace) {
  EXPECT_THAT(ErrorOf("  mode: [enforce]\n  rules: [x]\n"),
              StartsWith("p.yaml:5:9: mode must be a text"));
  EXPECT_THAT(ErrorOf("  rules: {}\n"), StartsWith("p.yaml:5:10: rules must be a list"));
  EXPECT_THAT(ErrorOf("  rules: []\n"), HasSubstr("at least one"));
  EXPECT_THAT(ErrorOf("  chain: {minDepth: -1}\n"), HasSubstr("whole number"));
  EXPECT_THAT(ErrorOf("  chain: {through: {containers: [web-0/main]}}\n"),
              HasSubstr("must be CONTAINER or NAMESPACE/POD/CONTAINER"));
  EXPECT_THAT(ErrorOf("  chain: {through: {hops: [ssh]}}\n"), HasSubstr("ssh-login"));
  EXPECT_THAT(ErrorOf("  chain: {minDepth: 3, maxDepth: 2}\n"), HasSubstr("below minDepth"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r}\n"), HasSubstr("exactly one of"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, file: {paths: [etc/shadow]}}\n"),
              HasSubstr("must begin with `/`"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, file: {paths: [\"/a[b\"]}}\n"),
              HasSubstr("at character 3"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, connect: {cidrs: [10.0.0.1/8]}}\n"),
              HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, connect: {ports: [0]}}\n"), HasSubstr("1 to 65535"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, connect: {ports: [\"9-1\"]}}\n"),
              HasSubstr("1 to 65535"));
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: R, exec: {paths: [/a]}}\n"), HasSubstr("lower-case"));
}

TEST(DocumentTest, ARuleNameTwiceIsRefused) {
  EXPECT_THAT(
      ErrorOf("  rules:\n  - {name: r, file: {paths: [/a]}}\n  - {name: r, file: {paths: [/b]}}\n"),
      StartsWith("p.yaml:7:5: rule `r` stands in this policy already"));
}

TEST(DocumentTest, AllFaultsOfAFileAreTold) {
  EXPECT_EQ(ErrorOf("  mode: enforced\n  rules:\n  - {name: r, file: {paths: [a]}}\n"),
            "p.yaml:5:9: mode cannot be `enforced`; did you mean `enforce`?\n"
            "p.yaml:7:30: path `a` must begin with `/`; for any folder write `/**/a`");
}

TEST(DocumentTest, TestsStandBesideAPolicyOrInAFileOfTheirOwn) {
  const PolicyFile file = ReadPolicyText(R"(apiVersion: nestor.dev/v1
kind: ChainPolicyTest
policy: p
tests:
  mustDeny:
  - {exec: {exe: /bin/a, argv: [a, ""]}, chain: {origin: delegated, depth: 2}, rule: r}
  mustReport:
  - {connect: {address: "fd00::1", port: 80}, workload: {labels: {app: web}}}
)",
                                         "p.test.yaml");

  ASSERT_TRUE(file.faults.empty()) << file.faults[0].reason;
  ASSERT_EQ(file.tests.size(), 1u);
  const std::vector<PolicyTest>& tests = file.tests[0].tests;
  ASSERT_EQ(tests.size(), 2u);
  EXPECT_THAT(tests[0].subject.argv, ElementsAre("a", ""));
  EXPECT_EQ(tests[0].subject.origin, HopKind::kDelegated);
  EXPECT_EQ(tests[1].expected, PolicyTest::Expected::kReport);
  EXPECT_TRUE(tests[1].subject.address->v6);
  EXPECT_EQ(tests[1].subject.labels.at("app"), "web");
}

TEST(DocumentTest, AnExampleIsANamedFileOfTheImageUnlessItSaysSo) {
  const PolicyDocument policy = Parsed(R"(  rules:
  - {name: r, exec: {is: [deleted, setuid], from: added}}
tests:
  mustAllow:
  - {exec: {exe: /a}}
  - {exec: {exe: /a, is: [memfd, loader]}}
  - {exec: {exe: /a, is: [setuid], from: added}}
)");

  EXPECT_EQ(policy.rules[0].traits, BitOf(ExecTrait::kDeleted) | BitOf(ExecTrait::kSetuid));
  EXPECT_EQ(policy.rules[0].provenance, Provenance::kAdded);
  ASSERT_EQ(policy.tests.size(), 3u);
  EXPECT_EQ(policy.tests[0].subject.traits, 0);
  EXPECT_EQ(policy.tests[0].subject.provenance, Provenance::kImage);
  EXPECT_EQ(policy.tests[1].subject.traits, BitOf(ExecTrait::kMemfd) | BitOf(ExecTrait::kLoader));
  EXPECT_EQ(policy.tests[1].subject.provenance, Provenance::kAdded);
  EXPECT_EQ(policy.tests[2].subject.provenance, Provenance::kAdded);
  EXPECT_THAT(ErrorOf("  rules:\n  - {name: r, exec: {is: [memfd]}}\ntests:\n  mustDeny:\n"
                      "  - {exec: {exe: /a, is: [memfd], from: image}}\n"),
              HasSubstr("p.yaml:9:41: a memfd is in no image"));
}

TEST(DocumentTest, AnotherVersionOrKindIsRefused) {
  const auto other = ParsePolicies("apiVersion: v2\nkind: ChainPolicy\n", "p.yaml");

  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, HasSubstr("p.yaml:1:13: apiVersion cannot be `v2`"));
}

}  // namespace
}  // namespace nestor
