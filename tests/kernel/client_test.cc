// SPDX-License-Identifier: Apache-2.0
// Clients of TCP: one that is gone when its connection is accepted, and one that nobody saw
// connect.
#include <unistd.h>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

constexpr char kPort[] = "4715";

std::string Beside(const std::string& file) {
  const std::string victim = VictimPath();
  return victim.substr(0, victim.rfind('/')) + "/" + file;
}

class ClientTest : public DecideTest {
 protected:
  // The exec of `true` with this word, and its hop.
  static std::pair<HopRecord, ExecRecord> HopOf(const std::string& word) {
    const auto mine = [&](const std::vector<Record>& all) {
      auto execs = ExecsOf(all, "true");
      std::erase_if(execs, [&](const ExecRecord& exec) { return exec.argv.back() != word; });
      return execs;
    };
    const auto records =
        Node::Get().Drain([&](const std::vector<Record>& all) { return !mine(all).empty(); });
    const auto execs = mine(records);
    EXPECT_EQ(execs.size(), 1u) << word;
    if (execs.empty()) return {};
    const auto hop = FindHop(records, execs[0].actor.hop_id);
    EXPECT_TRUE(hop) << word;
    return {hop.value_or(HopRecord{}), execs[0]};
  }
};

// Accepts when it is told to.
constexpr char kAcceptsLate[] = R"(
import os, socket, subprocess, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('127.0.0.1', int(sys.argv[1])))
listener.listen(16)
open('/tmp/late-listens', 'w').close()
while not os.path.exists('/tmp/late-go'): time.sleep(0.01)
connection, _ = listener.accept()
subprocess.run(['/bin/true', connection.recv(64).decode()], check=True)
)";
constexpr char kLeavesOrder[] = R"(
import os, socket, sys, time
while not os.path.exists('/tmp/late-listens'): time.sleep(0.01)
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
client.send(b'left-behind')
client.close()
)";
// More than the kernel keeps of clients that closed, and than it keeps of all.
constexpr char kOthers[] = R"(
import socket
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(16)
for _ in range(9000):
  client = socket.create_connection(listener.getsockname())
  server, _ = listener.accept()
  client.close()
  server.close()
open('/tmp/late-go', 'w').close()
)";

TEST_F(ClientTest, OneThatClosedLongBeforeItIsAcceptedIsKnown) {
  const Sandbox servers, clients, others;
  EXPECT_EQ(ShOnHost("rm -f /tmp/late-*"), 0);
  const pid_t server = servers.Exec({"/usr/bin/python3", "-c", kAcceptsLate, kPort});
  const pid_t client = clients.Exec({"/usr/bin/python3", "-c", kLeavesOrder, kPort});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(others.Exec({"/usr/bin/python3", "-c", kOthers})), 0);
  EXPECT_EQ(Wait(server), 0);

  const auto [hop, exec] = HopOf("left-behind");
  EXPECT_EQ(hop.kind, HopKind::kTcp);
  EXPECT_EQ(hop.from.tgid, static_cast<uint32_t>(client));
  EXPECT_EQ(hop.from_container_cgroup_id, clients.cgroup_id());
  EXPECT_EQ(exec.actor.depth, 1u);
  EXPECT_EQ(exec.actor.chain_id, hop.parent_id);
  EXPECT_EQ(exec.actor.confidence, Confidence::kExact);
}

// A server in a network namespace of its own, called by a TCP that is no socket's.
class StrangerTest : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    EXPECT_EQ(ShOnHost("mkdir -p /opt/login && cp -L /usr/bin/python3 /opt/login/sshd"), 0);
  }

  // The exit code of the server, which runs `true` with the word.
  static int AskedByAStranger(const Sandbox& where, const std::string& program,
                              const std::string& word) {
    return Sh(where, "exec unshare -n sh -c 'python3 " + Beside("stranger.py") + " " + kPort + " " +
                         word + " & PYTHONHOME=/usr " + program + " " + Beside("talk.py") +
                         " serve " + kPort + " 1; code=$?; wait; exit $code'");
  }
};

TEST_F(StrangerTest, ItsLoginIntoAContainerIsUnknownAndNoOrigin) {
  const Sandbox server;
  EXPECT_EQ(AskedByAStranger(server, "/opt/login/sshd", "by-a-stranger"), 0);

  const auto [hop, exec] = HopOf("by-a-stranger");
  EXPECT_EQ(hop.kind, HopKind::kSshLogin);
  EXPECT_FALSE(hop.from.known());
  EXPECT_NE(hop.parent_id, 0u);
  EXPECT_EQ(hop.confidence, Confidence::kUnseen);
  EXPECT_EQ(exec.actor.confidence, Confidence::kUnseen);
  EXPECT_EQ(exec.actor.origin, HopKind::kContainerEntrypoint) << "told in the server's chain";
}

TEST_F(StrangerTest, WhatItStartsMayBeOfAnyChain) {
  const Sandbox server;
  const auto asked = [&](const std::string& chain, const std::string& more) {
    Node::Get().SetPolicy(InForce("  chain: {" + chain + "}\n  rules:\n  - {name: no-true, " +
                                  more + "exec: {paths: [\"/**/true\"], args: [forbidden]}}\n"));
    return AskedByAStranger(server, "/opt/login/sshd", "forbidden");
  };
  for (const char* const chain :
       {"origins: [host-service]", "minDepth: 900", "through: {hops: [fd-pass]}"}) {
    EXPECT_NE(asked(chain, ""), 0) << chain;
    EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true))) << chain;
  }
  EXPECT_EQ(asked("origins: [host-service]", "onTruncated: audit, "), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, false)));
}

// `true` may start in chains that began with the container; whether this one did is not known.
TEST_F(StrangerTest, NothingIsAllowedItForItsChain) {
  const Sandbox server;
  const std::string policy = InForce(
      "  default: deny\n  chain: {origins: [container-entrypoint, runtime-exec]}\n  rules:\n"
      "  - {name: all-but-forbidden, action: allow, exec: {paths: [\"/**\"]}}\n");
  Node::Get().SetPolicy(policy);

  EXPECT_EQ(Sh(server, "/bin/true allowed"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_NE(AskedByAStranger(server, "/opt/login/sshd", "allowed"), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true)));
}

TEST_F(StrangerTest, AnOrdinaryServerStaysInItsChain) {
  const Sandbox server;
  EXPECT_EQ(AskedByAStranger(server, "/usr/bin/python3", "from-outside"), 0);

  const auto [hop, exec] = HopOf("from-outside");
  EXPECT_EQ(hop.kind, HopKind::kNamespace) << "the server's own";
  EXPECT_EQ(exec.actor.confidence, Confidence::kExact);
}

}  // namespace
}  // namespace nestor
