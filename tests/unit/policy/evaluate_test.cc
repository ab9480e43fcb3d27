// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "tests/unit/policy/compiled.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Policy(const std::string& name, const std::string& spec) {
  return "---\napiVersion: nestor.dev/v1\nkind: ChainPolicy\nmetadata: {name: " + name +
         "}\nspec:\n" + spec;
}

Subject In(const char* namespace_name, const char* pod, const char* container) {
  Subject subject;
  subject.workload.namespace_name = namespace_name;
  subject.workload.pod = pod;
  subject.workload.container = container;
  subject.workload.container_id = "c1";
  return subject;
}

Subject Exec(const std::string& path, std::vector<std::string> argv) {
  Subject subject = In("shop", "web-0", "main");
  subject.event = RuleEvent::kExec;
  subject.path = path;
  subject.argv = std::move(argv);
  return subject;
}

Subject Open(const std::string& path) {
  Subject subject = In("shop", "web-0", "main");
  subject.event = RuleEvent::kOpen;
  subject.path = path;
  return subject;
}

Subject Connect(const std::string& address, uint16_t port) {
  Subject subject = In("shop", "web-0", "main");
  subject.event = RuleEvent::kConnect;
  subject.address = *ParseCidr(address);
  subject.port = port;
  return subject;
}

std::string Said(const CompiledPolicies& policies, const Subject& subject) {
  return Why(policies, Evaluate(policies, subject));
}

TEST(EvaluateTest, DenyGoesOverAllowWhereBothAreAsSpecific) {
  const CompiledPolicies policies =
      Compiled(Policy("a",
                      "  mode: enforce\n  rules:\n"
                      "  - {name: may, action: allow, file: {paths: [/etc/**]}}\n"
                      "  - {name: not, file: {paths: [/etc/shadow]}}\n"));

  EXPECT_EQ(Said(policies, Open("/etc/shadow")),
            "denied by a/not; a/may is as specific, and deny goes over allow");
  EXPECT_EQ(Said(policies, Open("/etc/passwd")), "allowed by a/may");
  EXPECT_EQ(Said(policies, Open("/usr")), "allowed: no rule in force says anything of it");
}

TEST(EvaluateTest, TheMoreSpecificSelectorGoesFirst) {
  const CompiledPolicies policies =
      Compiled(Policy("node",
                      "  mode: enforce\n  rules:\n"
                      "  - {name: not, action: kill, file: {paths: [/etc/shadow]}}\n") +
               Policy("web",
                      "  mode: enforce\n  selector: {pods: [web-*]}\n  rules:\n"
                      "  - {name: may, action: allow, file: {paths: [/etc/shadow]}}\n"));

  EXPECT_EQ(Said(policies, Open("/etc/shadow")),
            "allowed by web/may; it is more specific (pods) than node/not (all pods)");
  Subject elsewhere = In("shop", "db-0", "main");
  elsewhere.event = RuleEvent::kOpen;
  elsewhere.path = "/etc/shadow";
  EXPECT_EQ(Said(policies, elsewhere), "denied and killed by node/not");
}

TEST(EvaluateTest, AnAllowAloneDeniesNothing) {
  const CompiledPolicies policies =
      Compiled(Policy("a",
                      "  mode: enforce\n  rules:\n"
                      "  - {name: may, action: allow, exec: {paths: [/bin/ls]}}\n"));

  EXPECT_EQ(Evaluate(policies, Exec("/bin/cat", {"cat"})).action, Action::kAllow);
}

TEST(EvaluateTest, DefaultDenyIsForTheKindsThatAreAllowed) {
  const CompiledPolicies policies = Compiled(
      Policy("a",
             "  mode: enforce\n  default: deny\n  rules:\n"
             "  - {name: may, action: allow, exec: {paths: [/bin/ls], args: [-l]}}\n"
             "  - {name: home, action: allow, connect: {cidrs: [10.0.0.0/8], ports: [443]}}\n") +
      Policy("b",
             "  mode: enforce\n  rules:\n"
             "  - {name: too, action: allow, exec: {paths: [/bin/id]}}\n"));

  EXPECT_EQ(Said(policies, Exec("/bin/ls", {"ls", "-l"})), "allowed by a/may");
  EXPECT_EQ(Said(policies, Exec("/bin/ls", {"ls"})), "denied by a/default");
  EXPECT_EQ(Said(policies, Exec("/bin/id", {"id"})), "allowed by b/too");
  EXPECT_EQ(Said(policies, Connect("10.1.1.1", 443)), "allowed by a/home");
  EXPECT_EQ(Said(policies, Connect("10.1.1.1", 80)), "denied by a/default");
  Subject socket = Connect("10.1.1.1", 0);
  socket.address.reset();
  socket.path = "/run/x.sock";
  EXPECT_EQ(Said(policies, socket), "denied by a/default");
  EXPECT_EQ(Evaluate(policies, Open("/etc/shadow")).action, Action::kAllow);
}

TEST(EvaluateTest, APeerIsMeantByItsNetworkOrByANameOfIt) {
  const CompiledPolicies policies = Compiled(
      Policy("a",
             "  mode: enforce\n  rules:\n"
             "  - {name: not, connect: {cidrs: [10.0.0.0/8], names: [\"*.pool.org\"]}}\n"));
  Subject named = Connect("192.0.2.7", 443);
  named.names = {"other.org", "XMR.pool.org."};
  Subject other = Connect("192.0.2.7", 443);
  other.names = {"pool.org.evil"};

  EXPECT_EQ(Said(policies, named), "denied by a/not");
  EXPECT_EQ(Said(policies, Connect("10.1.2.3", 443)), "denied by a/not");
  EXPECT_EQ(Said(policies, other), "allowed: no rule in force says anything of it");
  EXPECT_EQ(Said(policies, Connect("192.0.2.7", 443)),
            "allowed: no rule in force says anything of it");
}

TEST(EvaluateTest, AuditModeTellsWhatWouldBe) {
  const CompiledPolicies policies =
      Compiled(Policy("a",
                      "  rules:\n  - {name: not, file: {paths: [/etc/shadow]}}\n"
                      "  - {name: look, action: audit, file: {paths: [/etc/*]}}\n"));

  const Judgement judgement = Evaluate(policies, Open("/etc/shadow"));

  EXPECT_EQ(judgement.action, Action::kAllow);
  EXPECT_EQ(judgement.would, Action::kDeny);
  ASSERT_EQ(judgement.hits.size(), 2u);
  EXPECT_EQ(judgement.hits[0].outcome, Outcome::kWouldDeny);
  EXPECT_EQ(judgement.hits[1].outcome, Outcome::kReports);
  EXPECT_THAT(Why(policies, judgement), HasSubstr("would be denied by a/not"));
}

TEST(EvaluateTest, AnAllowInAuditModeOverrulesNothingInForce) {
  const CompiledPolicies policies = Compiled(
      Policy("a",
             "  selector: {pods: [web-0]}\n  rules:\n"
             "  - {name: may, action: allow, file: {paths: [/etc/shadow]}}\n") +
      Policy("b", "  mode: enforce\n  rules:\n  - {name: not, file: {paths: [/etc/shadow]}}\n") +
      Policy("c", "  rules:\n  - {name: not, file: {paths: [/etc/shadow]}}\n"));

  const Judgement judgement = Evaluate(policies, Open("/etc/shadow"));

  EXPECT_EQ(judgement.action, Action::kDeny);
  EXPECT_EQ(judgement.would, Action::kAllow);
  ASSERT_EQ(judgement.hits.size(), 3u);
  EXPECT_EQ(judgement.hits[2].outcome, Outcome::kOverruled);
}

TEST(EvaluateTest, ExceptionsTakeOutWhatTheyName) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  rules:
  - name: no-etc
    file: {paths: ["/etc/**"]}
    exceptions:
    - {paths: [/etc/hosts]}
    - {executables: [/usr/sbin/sshd]}
    - {namespaces: [ci], paths: ["/etc/ssl/**"]}
  - name: no-net
    connect: {ports: [1-65535]}
    exceptions:
    - {cidrs: [10.0.0.0/8]}
  - name: no-kubectl
    exec: {paths: ["/**/kubectl"]}
    exceptions:
    - {args: [version]}
)"));
  Subject in_ci = Open("/etc/ssl/cert");
  in_ci.workload.namespace_name = "ci";
  Subject by_sshd = Open("/etc/passwd");
  by_sshd.executable = "/usr/sbin/sshd";

  EXPECT_EQ(Evaluate(policies, Open("/etc/passwd")).action, Action::kDeny);
  EXPECT_EQ(Evaluate(policies, Open("/etc/hosts")).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, by_sshd).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, Open("/etc/ssl/cert")).action, Action::kDeny);
  EXPECT_EQ(Evaluate(policies, in_ci).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, Connect("10.2.3.4", 80)).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, Connect("11.2.3.4", 80)).action, Action::kDeny);
  EXPECT_EQ(Evaluate(policies, Connect("fd00::1", 80)).action, Action::kDeny);
  EXPECT_EQ(Evaluate(policies, Exec("/bin/kubectl", {"kubectl", "get"})).action, Action::kDeny);
  EXPECT_EQ(Evaluate(policies, Exec("/bin/kubectl", {"kubectl", "version"})).action,
            Action::kAllow);
}

TEST(EvaluateTest, WhatCannotBeInspectedIsDeniedOrReportedAsTheRuleSaysAndNeverAllowed) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  default: deny
  rules:
  - {name: loud, exec: {args: [x]}}
  - {name: may, action: allow, exec: {args: [y]}}
)") + Policy("b", R"(  mode: enforce
  rules:
  - {name: quiet, onTruncated: audit, file: {paths: [/a]}}
)"));
  Subject exec = Exec("/bin/a", {"a"});
  exec.argv_unseen = true;
  Subject open = Open("");
  open.path_unseen = true;

  EXPECT_THAT(Said(policies, exec), StartsWith("denied by a/loud"));
  const Judgement judgement = Evaluate(policies, open);
  EXPECT_EQ(judgement.action, Action::kAllow);
  ASSERT_EQ(judgement.hits.size(), 1u);
  EXPECT_EQ(judgement.hits[0].outcome, Outcome::kReports);
}

TEST(EvaluateTest, WhatAFileIsAndWhereItIsFromAreAskedBesideItsPath) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  rules:
  - {name: kinds, exec: {is: [memfd, deleted]}}
  - {name: copy, exec: {paths: ["/**/ssh"], from: added}}
  - {name: root, exec: {is: [setuid], args: ["-x"]}}
)"));
  Subject subject = Exec("/tmp/ssh", {"ssh"});
  subject.provenance = Provenance::kImage;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.provenance = Provenance::kAdded;
  EXPECT_EQ(Said(policies, subject), "denied by a/copy");
  subject.traits = BitOf(ExecTrait::kMemfd);
  EXPECT_EQ(Said(policies, subject), "denied by a/kinds");
  subject = Exec("/usr/bin/sudo", {"sudo"});
  subject.traits = BitOf(ExecTrait::kSetuid);
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.argv.emplace_back("-x");
  EXPECT_EQ(Said(policies, subject), "denied by a/root");
}

TEST(EvaluateTest, AnUnknownOriginCountsAgainstTheProgram) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  default: deny
  rules:
  - {name: image, action: allow, exec: {from: image}}
)") + Policy("b", R"(  mode: enforce
  rules:
  - {name: quiet, onTruncated: audit, exec: {from: added}}
)"));
  Subject subject = Exec("/bin/a", {"a"});

  const Judgement judgement = Evaluate(policies, subject);
  subject.provenance = Provenance::kImage;
  const Judgement known = Evaluate(policies, subject);

  EXPECT_EQ(Why(policies, judgement), "denied by a/default");
  ASSERT_EQ(judgement.hits.size(), 2u);
  EXPECT_EQ(judgement.hits[0].outcome, Outcome::kReports);
  EXPECT_EQ(Why(policies, known), "allowed by a/image");
}

TEST(EvaluateTest, AnExceptionSparesWhatAnExecutableStarts) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  rules:
  - name: compilers
    exec: {paths: ["/**/gcc"]}
    exceptions: [{executables: [/usr/bin/make], args: ["-c"]}]
)"));
  Subject subject = Exec("/usr/bin/gcc", {"gcc", "-c"});
  EXPECT_EQ(Said(policies, subject), "denied by a/compilers");
  subject.executable = "/usr/bin/make";
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.argv = {"gcc"};
  EXPECT_EQ(Said(policies, subject), "denied by a/compilers");
}

TEST(EvaluateTest, CommandLinesAreMatchedWithOneSpaceBetweenArguments) {
  const CompiledPolicies policies = Compiled(Policy("a", R"(  mode: enforce
  rules:
  - name: tunnel
    exec: {commandLine: ['(\S*/)?ssh .*-[LRD].*']}
  - name: name
    exec: {args: [{regex: "--name=[a-z]{3}"}, {literal: "*"}]}
)"));

  EXPECT_EQ(Said(policies, Exec("/usr/bin/ssh", {"ssh", "-L", "1:a:2"})), "denied by a/tunnel");
  EXPECT_EQ(Said(policies, Exec("/usr/bin/ssh", {"/usr/bin/ssh", "h", "-D1"})),
            "denied by a/tunnel");
  EXPECT_EQ(Evaluate(policies, Exec("/usr/bin/ssh", {"ssh", "h"})).action, Action::kAllow);
  EXPECT_EQ(Said(policies, Exec("/a", {"a", "--name=abc", "b", "*"})), "denied by a/name");
  EXPECT_EQ(Evaluate(policies, Exec("/a", {"a", "--name=abcd", "*"})).action, Action::kAllow);
  EXPECT_EQ(Evaluate(policies, Exec("/a", {"a", "--name=abc", "x"})).action, Action::kAllow);
}

TEST(EvaluateTest, OriginsAndDepthsBoundARule) {
  const CompiledPolicies policies = Compiled(
      Policy("a",
             "  mode: enforce\n  chain: {origins: [runtime-exec], minDepth: 1, maxDepth: 2}\n"
             "  rules:\n  - {name: not, file: {paths: [/a], access: write}}\n"));
  Subject subject = Open("/a");
  subject.origin = HopKind::kRuntimeExec;
  subject.access = 2;
  subject.depth = 1;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny);
  subject.depth = 3;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.depth = 2;
  subject.access = 1;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.access = 3;
  subject.origin = HopKind::kSshLogin;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
}

TEST(EvaluateTest, ADigestIsOfTheFileWhateverItIsCalled) {
  const std::string bad(64, 'a'), other(64, 'b');
  const auto judged = [&](const std::string& digest, const std::string& more = "") {
    const CompiledPolicies policies =
        Compiled(Policy("a", "  mode: enforce\n  rules:\n  - {name: not, " + more +
                                 "exec: {sha256: [\"sha256:" + bad + "\"]}}\n"));
    Subject subject = Exec("/any", {"any"});
    subject.digest = digest;
    return Evaluate(policies, subject);
  };
  EXPECT_EQ(judged(bad).action, Action::kDeny);
  EXPECT_EQ(judged(other).action, Action::kAllow);
  EXPECT_EQ(judged("").action, Action::kDeny) << "it is not known";
  EXPECT_EQ(judged("", "onTruncated: audit, ").action, Action::kAllow);
  EXPECT_EQ(judged("", "onTruncated: audit, ").hits.size(), 1u);
  EXPECT_TRUE(judged("", "action: allow, ").hits.empty());
}

TEST(EvaluateTest, TheWayIsAskedForHopsAndForContainersThatWereLeft) {
  const CompiledPolicies policies =
      Compiled(Policy("a",
                      "  mode: enforce\n  chain: {through: {hops: [ssh-login, trace], containers: "
                      "[shop/*/side]}}\n  rules:\n  - {name: not, file: {paths: [/a]}}\n"));
  Subject subject = Open("/a");
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.way_hops = 1U << static_cast<unsigned>(HopKind::kSshLogin);
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow) << "both are asked for";
  subject.way_left = {{"prod", "web-0", "", "side", "id", ""}};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.way_left = {{"shop", "web-0", "", "side", "id", ""}};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny);
  subject.way_hops = 0;
  subject.origin = HopKind::kSshLogin;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny) << "an origin is a hop, too";
}

TEST(EvaluateTest, TheWayIsAskedForAgents) {
  const CompiledPolicies policies = Compiled(
      Policy("a",
             "  mode: enforce\n  chain: {through: {agents: [claude, \"mcp-*\"], hops: [tcp]}}\n"
             "  rules:\n  - {name: not, file: {paths: [/a]}}\n"));
  Subject subject = Open("/a");
  subject.way_hops = 1U << static_cast<unsigned>(HopKind::kTcp);
  subject.way_agents = {"codex"};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.way_agents = {"codex", "mcp-server"};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny);
  subject.way_hops = 0;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow) << "both are asked for";
  subject.way_hops = 1U << static_cast<unsigned>(HopKind::kTcp);
  subject.way_agents = {};
  subject.way_agents_unseen = true;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny) << "it may have";
}

TEST(EvaluateTest, TheWayIsAskedForWhoLoggedIn) {
  const CompiledPolicies policies =
      Compiled(Policy("a",
                      "  mode: enforce\n  chain: {identity: {users: [alice, carol]}}\n"
                      "  rules:\n  - {name: not, file: {paths: [/a]}}\n"));
  Subject subject = Open("/a");
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow) << "nobody did";
  subject.way_users = {"bob"};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kAllow);
  subject.way_users = {"bob", "carol"};
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny);
  subject.way_users = {"bob"};
  subject.way_users_unseen = true;
  EXPECT_EQ(Evaluate(policies, subject).action, Action::kDeny) << "and somebody else";
}

TEST(EvaluateTest, AnExampleSaysWhoLoggedIn) {
  const auto documents = ParsePolicies(
      Policy("a",
             "  mode: enforce\n  chain: {identity: {users: [alice]}}\n"
             "  rules:\n  - {name: not, file: {paths: [/a]}}\n"
             "tests:\n  mustDeny:\n  - {file: {path: /a}, chain: {identity: {users: [alice]}}}\n"),
      "a.yaml");
  ASSERT_TRUE(documents) << documents.error().message;

  EXPECT_EQ((*documents)[0].tests.at(0).subject.way_users, (std::vector<std::string>{"alice"}));
}

TEST(EvaluateTest, AnExampleNamesTheAgentsOfItsWay) {
  const auto documents = ParsePolicies(
      Policy("a",
             "  mode: enforce\n  chain: {through: {agents: [claude]}}\n"
             "  rules:\n  - {name: not, file: {paths: [/a]}}\n"
             "tests:\n  mustDeny:\n"
             "  - {file: {path: /a}, chain: {origin: runtime-exec, depth: 1, through: {agents: "
             "[codex, claude]}}}\n"),
      "a.yaml");
  ASSERT_TRUE(documents) << documents.error().message;

  EXPECT_EQ((*documents)[0].tests.at(0).subject.way_agents,
            (std::vector<std::string>{"codex", "claude"}));
}

TEST(EvaluateTest, AWayThatIsNotKnownIsForTheRuleToSay) {
  const auto denies = [](const std::string& more) {
    const CompiledPolicies policies = Compiled(Policy(
        "a", "  mode: enforce\n  chain: {through: {hops: [trace]}}\n  rules:\n  - {name: not, " +
                 more + "file: {paths: [/a]}}\n"));
    Subject subject = Open("/a");
    subject.way_unseen = true;
    return Evaluate(policies, subject);
  };
  EXPECT_EQ(denies("").action, Action::kDeny);
  EXPECT_EQ(denies("onTruncated: audit, ").action, Action::kAllow);
  EXPECT_EQ(denies("onTruncated: audit, ").hits.size(), 1u);
  EXPECT_EQ(denies("action: allow, ").hits.size(), 0u);
}

TEST(EvaluateTest, AChainThatIsNotKnownMayBeAny) {
  const auto judged = [](const std::string& chain, const std::string& more) {
    const CompiledPolicies policies = Compiled(Policy("a", "  mode: enforce\n  chain: {" + chain +
                                                               "}\n  rules:\n  - {name: not, " +
                                                               more + "file: {paths: [/a]}}\n"));
    Subject subject = Open("/a");
    subject.chain_unseen = true;
    return Evaluate(policies, subject);
  };
  for (const char* const chain : {"origins: [ssh-login]", "minDepth: 3", "maxDepth: 0"}) {
    EXPECT_EQ(judged(chain, "").action, Action::kDeny) << chain;
    EXPECT_EQ(judged(chain, "onTruncated: audit, ").action, Action::kAllow) << chain;
    EXPECT_EQ(judged(chain, "onTruncated: audit, ").hits.size(), 1u) << chain;
    EXPECT_EQ(judged(chain, "action: allow, ").hits.size(), 0u) << chain;
  }
  EXPECT_EQ(judged("minDepth: 0", "action: allow, ").hits.size(), 1u) << "asks for nothing";
}

}  // namespace
}  // namespace nestor
