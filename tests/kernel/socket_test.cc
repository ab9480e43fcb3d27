// SPDX-License-Identifier: Apache-2.0
// Chains over sockets: a server's child belongs to the client that asked for it.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

void ServedChildIsInTheClientsChain(const std::string& family, const std::string& name,
                                    HopKind kind) {
  const Sandbox servers, clients;
  const std::string victim = VictimPath();
  const pid_t server = servers.Exec({victim, "serve", family, name});
  const pid_t client = clients.Exec({victim, "ask", family, name});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(server), 0);

  const auto records = Node::Get().DrainUntilExit(static_cast<uint32_t>(server));
  if (kind == HopKind::kUnixSocket) {
    const auto sockets = Only<SocketRecord>(records);
    const auto connect =
        std::ranges::find(sockets, SocketOperation::kConnect, &SocketRecord::operation);
    ASSERT_NE(connect, sockets.end());
    EXPECT_EQ(connect->peer_process.tgid, static_cast<uint32_t>(server)) << "who listens";
  }
  const auto execs = ExecsOf(records, "/bin/true");
  ASSERT_EQ(execs.size(), 1u);
  const ExecRecord& served = execs[0];
  const auto hop = FindHop(records, served.actor.hop_id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, kind);
  EXPECT_EQ(hop->from.tgid, static_cast<uint32_t>(client));
  EXPECT_EQ(hop->from_container_cgroup_id, clients.cgroup_id());
  EXPECT_EQ(served.actor.container_cgroup_id, servers.cgroup_id());
  EXPECT_EQ(served.actor.confidence, Confidence::kExact);
  EXPECT_EQ(served.actor.depth, 1u);
  EXPECT_EQ(served.actor.chain_id, hop->parent_id);
  const auto origin = FindHop(records, hop->parent_id);
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->kind, HopKind::kContainerEntrypoint);
  EXPECT_EQ(origin->actor.self.tgid, static_cast<uint32_t>(client));
}

class SocketHopTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }
};

TEST_F(SocketHopTest, OverAnAbstractUnixSocket) {
  ServedChildIsInTheClientsChain("unix", "nestor-kernel-test", HopKind::kUnixSocket);
}

TEST_F(SocketHopTest, OverTcpOnLoopback) {
  ServedChildIsInTheClientsChain("inet", "4711", HopKind::kTcp);
}

TEST_F(SocketHopTest, OverTcpOnV6Loopback) {
  ServedChildIsInTheClientsChain("inet6", "4712", HopKind::kTcp);
}

}  // namespace
}  // namespace nestor
