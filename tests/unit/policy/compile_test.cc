// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agent/policy/automaton.h"
#include "agent/policy/tables.h"
#include "tests/unit/policy/compiled.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

std::string WithSpec(const std::string& spec) {
  return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p}\nspec:\n" + spec;
}

std::vector<PolicyDocument> Parse(const std::string& spec) {
  auto policies = ParsePolicies(WithSpec(spec), "p.yaml");
  EXPECT_TRUE(policies.ok()) << policies.error().message;
  return policies ? *std::move(policies) : std::vector<PolicyDocument>();
}

CompiledPolicies CompiledSpec(const std::string& spec) { return Compiled(WithSpec(spec), 4); }

Workload Container(const char* namespace_name, const char* pod, const char* container) {
  Workload workload;
  workload.namespace_name = namespace_name;
  workload.pod = pod;
  workload.container = container;
  workload.container_id = "c1";
  return workload;
}

TEST(CompileTest, EachKindHasItsOwnAutomaton) {
  const CompiledPolicies policies = CompiledSpec(R"(  rules:
  - {name: a, file: {paths: [/etc/shadow], exceptExecutables: [/usr/sbin/sshd]}}
  - {name: b, exec: {paths: ["/**/kubectl"], args: [port-forward]}}
)");

  EXPECT_EQ(policies.generation, 4u);
  ASSERT_EQ(policies.rules.size(), 2u);
  EXPECT_TRUE(RulesMatching(policies.open_path, "/etc/shadow")[0]);
  EXPECT_TRUE(RulesMatching(policies.exec_path, "/etc/shadow").none());
  EXPECT_TRUE(RulesMatching(policies.except_path, "/usr/sbin/sshd")[0]);
  EXPECT_TRUE(RulesMatching(policies.exec_path, "/usr/bin/kubectl")[1]);
  EXPECT_TRUE(RulesMatching(policies.argv, std::string_view("k\0port-forward\0", 15))[1]);
  EXPECT_TRUE(policies.rules[1].need_path && policies.rules[1].need_argv);
}

TEST(CompileTest, PortRangesAndUnixPathsBecomeRulesOfTheSameName) {
  const CompiledPolicies policies = CompiledSpec(
      "  rules:\n  - {name: m, connect: {cidrs: [10.0.0.0/8], ports: [80, \"90-99\"], unix: "
      "[/run/x.sock]}}\n");

  ASSERT_EQ(policies.rules.size(), 3u);
  for (const CompiledRule& rule : policies.rules) EXPECT_EQ(rule.name, "m");
  EXPECT_TRUE(RulesMatching(policies.unix_path, "/run/x.sock")[0]);
  EXPECT_TRUE(policies.rules[0].need_path);
  EXPECT_FALSE(policies.rules[0].need_cidr);
  EXPECT_EQ(policies.rules[2].port_min, 90);
  EXPECT_EQ(policies.rules[2].port_max, 99);
  ASSERT_EQ(policies.cidrs.size(), 1u);
  EXPECT_EQ(policies.cidrs[0].prefix_len, 8);
  EXPECT_EQ(policies.cidrs[0].rules, RuleBits(0b110));
}

TEST(CompileTest, ANarrowNetworkHasTheRulesOfTheWiderOnes) {
  const CompiledPolicies policies = CompiledSpec(
      "  rules:\n  - {name: wide, connect: {cidrs: [10.0.0.0/8]}}\n"
      "  - {name: narrow, connect: {cidrs: [10.1.0.0/16]}}\n"
      "  - {name: again, connect: {cidrs: [10.0.0.0/8, fd00::/8]}}\n");

  ASSERT_EQ(policies.cidrs.size(), 3u);
  EXPECT_EQ(policies.cidrs[0].rules, RuleBits(0b101));
  EXPECT_EQ(policies.cidrs[1].prefix_len, 16);
  EXPECT_EQ(policies.cidrs[1].rules, RuleBits(0b111));
  EXPECT_EQ(policies.cidrs[2].rules, RuleBits(0b100));
}

TEST(CompileTest, SelectorsChooseTheWorkload) {
  const CompiledPolicies policies = CompiledSpec(
      "  selector: {namespaces: [prod-*], containers: [main, side], labels: {app: web}}\n"
      "  rules:\n  - {name: r, file: {paths: [/a]}}\n");

  EXPECT_TRUE(RulesFor(policies, Container("prod-eu", "w", "side"), {{"app", "web"}})[0]);
  EXPECT_TRUE(RulesFor(policies, Container("prod-eu", "w", "other"), {{"app", "web"}}).none());
  EXPECT_TRUE(RulesFor(policies, Container("test", "w", "side"), {{"app", "web"}}).none());
  EXPECT_TRUE(RulesFor(policies, Container("prod-eu", "w", "side"), {{"app", "db"}}).none());
  EXPECT_TRUE(RulesFor(policies, Container("prod-eu", "w", "side"), {}).none());
}

TEST(CompileTest, AnUnknownContainerGetsEveryRuleButThoseThatSaySkip) {
  const std::string rules = "  rules:\n  - {name: r, file: {paths: [/a]}}\n";
  Workload pending = Container("", "", "");
  pending.pending = true;

  EXPECT_TRUE(RulesFor(CompiledSpec("  selector: {pods: [x]}\n" + rules), pending, {})[0]);
  EXPECT_TRUE(
      RulesFor(CompiledSpec("  selector: {pods: [x], whileUnknown: skip}\n" + rules), pending, {})
          .none());
}

TEST(CompileTest, RulesThatAskForTheSameContainersShareAList) {
  const auto policy = [](const char* name, const char* containers) {
    return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: " + std::string(name) +
           "}\nspec:\n  chain: {through: {containers: [" + containers +
           "]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n---\n";
  };
  auto documents = ParsePolicies(
      policy("a", "side-*, shop/*/main") + policy("b", "x") + policy("c", "side-*, shop/*/main"),
      "p.yaml");
  ASSERT_TRUE(documents) << documents.error().message;
  const auto policies = Compile(*documents, 1);
  ASSERT_TRUE(policies) << policies.error().message;

  ASSERT_EQ(policies->places.size(), 2u);
  std::map<std::string, size_t> place_of;
  for (const CompiledRule& rule : policies->rules) place_of[rule.policy] = rule.through_place;
  EXPECT_EQ(place_of["a"], place_of["c"]);
  EXPECT_NE(place_of["a"], place_of["b"]);
  const uint64_t bit = uint64_t{1} << (place_of["a"] - 1);
  EXPECT_EQ(PlacesOf(*policies, Container("any", "w", "side-car")), bit);
  EXPECT_EQ(PlacesOf(*policies, Container("shop", "web-0", "main")), bit);
  EXPECT_EQ(PlacesOf(*policies, Container("prod", "web-0", "main")), 0u);
  Workload pending = Container("", "", "");
  pending.pending = true;
  EXPECT_EQ(PlacesOf(*policies, pending), kUnknownPlaces);
  EXPECT_EQ(PlacesOf(*policies, Workload()), 0u);
}

TEST(CompileTest, MoreListsOfContainersThanTheKernelHoldsAreRefusedByName) {
  std::string text;
  for (size_t i = 0; i <= kMaxPlaces; ++i)
    text += "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p" + std::to_string(i) +
            "}\nspec:\n  chain: {through: {containers: [c" + std::to_string(i) +
            "]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n---\n";
  auto documents = ParsePolicies(text, "p.yaml");
  ASSERT_TRUE(documents) << documents.error().message;
  const auto policies = Compile(*documents, 1);

  ASSERT_FALSE(policies);
  EXPECT_THAT(policies.error().message, HasSubstr("more than 63 different lists"));
}

TEST(CompileTest, TheHostHasNoRules) {
  const CompiledPolicies policies = CompiledSpec("  rules:\n  - {name: r, file: {paths: [/a]}}\n");

  EXPECT_TRUE(RulesFor(policies, Workload(), {}).none());
}

TEST(CompileTest, RulesStandInTheOrderInWhichTheyDecide) {
  const auto policies = ParsePolicies(R"(apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: node}
spec:
  default: deny
  rules:
  - {name: may, action: allow, file: {paths: [/a]}}
  - {name: deny, file: {paths: [/a]}}
  - {name: kill, action: kill, file: {paths: [/a]}}
---
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: pod}
spec:
  selector: {pods: [web]}
  rules:
  - {name: may, action: allow, file: {paths: [/a]}}
  - {name: two, file: {paths: [/a]}, exceptions: [{namespaces: [ci], paths: [/a/b]}]}
)",
                                      "p.yaml");
  ASSERT_TRUE(policies.ok()) << policies.error().message;
  const auto compiled = Compile(*policies, 1);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;

  std::vector<std::string> names;
  for (const CompiledRule& rule : compiled->rules) names.push_back(rule.policy + "/" + rule.name);
  EXPECT_THAT(names, testing::ElementsAre("pod/two", "pod/two", "pod/may", "node/kill", "node/deny",
                                          "node/may", "node/default"));
  EXPECT_EQ(compiled->rules[0].except.size() + compiled->rules[1].except.size(), 1u);
}

TEST(CompileTest, AnUnknownContainerIsNotAllowedWhatAnotherPodIs) {
  const std::string rules =
      "  default: deny\n  rules:\n  - {name: may, action: allow, file: {paths: [/a]}}\n"
      "  - {name: not, file: {paths: [/b]}}\n";
  const CompiledPolicies all = CompiledSpec(rules);
  const CompiledPolicies some = CompiledSpec("  selector: {pods: [web]}\n" + rules);

  EXPECT_EQ(all.default_rules.count(), 3u);
  ASSERT_EQ(some.default_rules.count(), 1u);
  EXPECT_EQ(some.rules[0].name, "not");
  EXPECT_TRUE(some.default_rules[0]);
}

TEST(CompileTest, TooLargeAUnionNamesTheRulesAtFault) {
  const std::string hungry = "\"/**a?????????????????\"";  // 2^17 states
  const auto compiled = Compile(Parse("  rules:\n  - {name: good, file: {paths: [/a]}}\n"
                                      "  - {name: hungry, file: {paths: [" +
                                      hungry + "]}}\n"),
                                1);

  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(compiled.error().message, HasSubstr("rule `hungry` of policy `p` takes them over"));
}

TEST(CompileTest, TooManyRulesIsAnError) {
  std::string spec = "  rules:\n";
  for (size_t i = 0; i <= kMaxRules; ++i)
    spec += "  - {name: r" + std::to_string(i) + ", file: {paths: [/a]}}\n";

  const auto compiled = Compile(Parse(spec), 1);

  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.error().message, HasSubstr("more than 2048 rules"));
}

// Compiles a rule about these agents on a node that knows some; the bits, or the error.
std::string BitsOfAgents(const std::string& agents) {
  const auto known = [] {
    AgentMarks marks;
    marks.names = {"claude", "codex", "mcp-git", "mcp-fetch"};
    marks.unmarked["boxed"] = "it is known by an image";
    return Result<std::shared_ptr<const AgentMarks>>(std::make_shared<const AgentMarks>(marks));
  };
  const auto compiled = Compile(Parse("  chain: {through: {agents: [" + agents +
                                      "]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n"),
                                1, known);
  return compiled ? std::to_string(compiled->rules[0].agents) : compiled.error().message;
}

TEST(CompileTest, AgentsAreBitsOfThoseThatTheNodeKnows) {
  EXPECT_EQ(BitsOfAgents("codex"), "2");
  EXPECT_EQ(BitsOfAgents("claude, \"mcp-*\""), "13");
  EXPECT_THAT(BitsOfAgents("claude, codx"),
              HasSubstr("this node knows no agent `codx`; did you mean `codex`?"));
  EXPECT_THAT(BitsOfAgents("boxed"),
              HasSubstr("rules cannot ask for agent `boxed`: it is known by an image"));
}

TEST(CompileTest, RulesForTheSameUsersShareAList) {
  const auto policy = [](const std::string& name, const std::string& users) {
    return "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: " + name +
           "}\nspec:\n  chain: {identity: {users: [" + users +
           "]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n---\n";
  };
  const auto documents = ParsePolicies(
      policy("a", "alice, bob") + policy("b", "alice") + policy("c", "alice, bob"), "a.yaml");
  ASSERT_TRUE(documents) << documents.error().message;
  const auto compiled = Compile(*documents, 1);
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(compiled->user_lists.size(), 2u);
  const auto tables = MakeTables(*compiled);
  ASSERT_TRUE(tables) << tables.error().message;

  std::map<uint64_t, uint64_t> lists;
  for (const auto& [key, bits] : tables->users) lists[key.user] = bits;
  EXPECT_EQ(lists,
            (std::map<uint64_t, uint64_t>{{HashOfUser("alice"), 3}, {HashOfUser("bob"), 1}}));
  for (const nestor_rule& rule : tables->rules) EXPECT_NE(rule.users, 0);
}

TEST(CompileTest, TooManyListsOfUsersNameThePolicyThatIsTooMuch) {
  std::string text;
  for (size_t number = 0; number <= kMaxUserLists; ++number)
    text += "apiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: p" +
            std::to_string(number) + "}\nspec:\n  chain: {identity: {users: [u" +
            std::to_string(number) + "]}}\n  rules:\n  - {name: r, file: {paths: [/a]}}\n---\n";
  const auto documents = ParsePolicies(text, "a.yaml");
  ASSERT_TRUE(documents) << documents.error().message;

  const auto compiled = Compile(*documents, 1);
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().message,
              HasSubstr("more than 63 different lists of `identity.users`"));
}

TEST(CompileTest, WithoutTheNodesAgentsRulesAboutThemCanBeEvaluatedAndNotLoaded) {
  const auto compiled = Compile(Parse("  chain: {through: {agents: [x]}}\n  rules:\n"
                                      "  - {name: r, file: {paths: [/a]}}\n"),
                                1);

  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(compiled->rules[0].through_agents, 1u);
  const auto tables = MakeTables(*compiled);
  ASSERT_FALSE(tables);
  EXPECT_THAT(tables.error().message, HasSubstr("without the node's agents"));
}

}  // namespace
}  // namespace nestor
