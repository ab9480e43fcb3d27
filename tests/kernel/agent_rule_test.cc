// SPDX-License-Identifier: Apache-2.0
// Rules about the agents that a chain came through.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Refuses `/bin/true forbidden` below these agents.
std::string ThroughAgents(const std::string& agents, const std::string& more = "") {
  return Through("agents: [" + agents + "]", more);
}

// A shell that is called claude, and a script that is called aider. What they do they do in a
// child.
class AgentRuleTest : public DecideTest {
 protected:
  static constexpr char kVictim[] = "/bin/true forbidden; exit $?";

  void SetUp() override {
    DecideTest::SetUp();
    ASSERT_EQ(ShOnHost("mkdir -p /opt/agents && rm -f /opt/agents/go && "
                       "cp \"$(readlink -f /bin/sh)\" /opt/agents/claude && "
                       "echo '/bin/true forbidden; exit $?' > /opt/agents/aider"),
              0);
  }
  void TearDown() override {
    DecideTest::TearDown();
    EXPECT_EQ(ShOnHost("rm -rf /opt/agents"), 0);
  }

  static int Claude(const Sandbox& where, const std::string& command) {
    return Wait(where.Exec({"/opt/agents/claude", "-c", command}));
  }

  // Does it when Go says so. It has begun then: /proc/PID/exe is the program before its exec is
  // over, and so before it is marked.
  static pid_t StartWaiting(const Sandbox& where, const std::string& shell) {
    const std::string begun = "/opt/agents/begun-" + shell.substr(shell.rfind('/') + 1);
    const pid_t child = where.Exec(
        {shell, "-c",
         ": > " + begun + "; while [ ! -e /opt/agents/go ]; do sleep 0.1; done; " + kVictim});
    while (access(begun.c_str(), F_OK) != 0 && waitpid(child, nullptr, WNOHANG) == 0) usleep(1000);
    EXPECT_EQ(access(begun.c_str(), F_OK), 0) << shell << " has ended";
    return child;
  }
  static void Go() { ASSERT_EQ(ShOnHost("touch /opt/agents/go"), 0); }

  static std::string Talk(const std::string& words) {
    const std::string victim = VictimPath();
    return "/usr/bin/python3 " + victim.substr(0, victim.rfind('/')) + "/talk.py " + words;
  }

  // What becomes of a command that `server` runs for a client of this shell: the server's exit
  // code.
  static int Ask(const Sandbox& server, const Sandbox& client, const std::string& shell) {
    const pid_t serving = server.Exec({"/bin/sh", "-c", "exec " + Talk("serve agents 1")});
    const pid_t asking = client.Exec({shell, "-c", Talk("ask agents forbidden") + "; exit 0"});
    const int code = Wait(serving);
    Wait(asking);
    return code;
  }
};

TEST_F(AgentRuleTest, TheFirstChildOfAnAgentIsBelowIt) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(Claude(container, kVictim), 126);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, SoIsWhatItsChildrenStart) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(
      Claude(container, "sh -c 'sh -c \"/bin/true forbidden || exit 126\"; exit $?'; exit $?"),
      126);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, WhatIsBesideAnAgentIsNot) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(Sh(container, "/opt/agents/claude -c 'sleep 0.3; true'& /bin/true forbidden; exit $?"),
            0);
  EXPECT_EQ(Sh(container, "cat /opt/agents/claude > /dev/null; /bin/true forbidden; exit $?"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
}

TEST_F(AgentRuleTest, OtherAgentsAreNotMeant) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("codex, aider"));

  EXPECT_EQ(Claude(container, kVictim), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
}

TEST_F(AgentRuleTest, AnAgentIsKnownByTheScriptThatAnInterpreterIsGiven) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("aid*"));

  EXPECT_EQ(Sh(container, "cd /opt/agents; sh -e ./aider; exit $?"), 126);
  EXPECT_EQ(Sh(container, "sh -c /bin/true forbidden ./aider; /bin/true ./aider forbidden"), 0);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, AnAgentsOwnStartIsNotBelowItAndTheNextOneIs) {
  const Sandbox container;
  Node::Get().SetPolicy(
      InForce("  chain: {through: {agents: [claude]}}\n  rules:\n"
              "  - {name: not-nested, exec: {paths: [\"/**/claude\"]}}\n"));

  EXPECT_EQ(Claude(container, "exec /opt/agents/claude -c true"), 0) << "the same agent goes on";
  EXPECT_EQ(Claude(container, "/opt/agents/claude -c true; exit $?"), 126);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, WhatAnAgentBecomesIsBelowIt) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(Claude(container, "exec /bin/true forbidden"), kKilled);
  EXPECT_EQ(Claude(container, "exec sh -c '/bin/true forbidden; exit $?'"), 126);
}

TEST_F(AgentRuleTest, AHopTakesItAlong) {
  const Sandbox main, other;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(Ask(other, main, "/bin/sh"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_NE(Ask(other, main, "/opt/agents/claude"), 0);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, ACrossingOfItsChildChangesNothing) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));

  EXPECT_EQ(Claude(container,
                   "setpriv --reuid 65534 --clear-groups sh -c "
                   "'/bin/true forbidden; exit $?'; exit $?"),
            126);
  EXPECT_EQ(Sh(container, "setpriv --reuid 65534 --clear-groups /bin/true forbidden"), 0);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, WhatRanBeforeTheRuleMayBeBelowAnyAgent) {
  const Sandbox container;
  const pid_t agent = StartWaiting(container, "/opt/agents/claude");
  const pid_t other = StartWaiting(container, "/bin/sh");
  Node::Get().SetPolicy(ThroughAgents("claude"));
  Go();

  EXPECT_EQ(Wait(agent), 126);
  EXPECT_EQ(Wait(other), 126);
  EXPECT_THAT(Verdicts(), SizeIs(2));
}

TEST_F(AgentRuleTest, OfThatARuleThatOnlyAuditsTruncatedReports) {
  const Sandbox container;
  const pid_t agent = StartWaiting(container, "/opt/agents/claude");
  Node::Get().SetPolicy(ThroughAgents("claude", "onTruncated: audit, "));
  Go();

  EXPECT_EQ(Wait(agent), 0);
  EXPECT_THAT(Verdicts(), Each(Field(&VerdictRecord::applied, false)));
}

TEST_F(AgentRuleTest, TheNextPoliciesKnowWhatTheOnesBeforeMarked) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("codex"));
  const pid_t agent = StartWaiting(container, "/opt/agents/claude");
  const pid_t other = StartWaiting(container, "/bin/sh");
  Node::Get().SetPolicy(ThroughAgents("claude", "onTruncated: audit, "));
  Go();

  EXPECT_EQ(Wait(agent), 126) << "it is known to be one";
  EXPECT_EQ(Wait(other), 0);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(AgentRuleTest, WhatWasMarkedBeforeAGapIsNotKnown) {
  const Sandbox container;
  Node::Get().SetPolicy(ThroughAgents("claude"));
  const pid_t other = StartWaiting(container, "/bin/sh");
  Node::Get().SetPolicy("");
  Node::Get().SetPolicy(ThroughAgents("claude"));
  Go();

  EXPECT_EQ(Wait(other), 126);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

}  // namespace
}  // namespace nestor
