// SPDX-License-Identifier: Apache-2.0
// Chains over sockets: a server's child belongs to the client that asked for it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "agent/base/unique_fd.h"
#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

struct Endpoint {
  int family;
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Endpoint Abstract(const std::string& name) {
  Endpoint endpoint{AF_UNIX, {}, 0};
  auto* address = reinterpret_cast<sockaddr_un*>(&endpoint.storage);
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path + 1, name.data(), name.size());
  endpoint.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return endpoint;
}

Endpoint LoopbackV4(uint16_t port) {
  Endpoint endpoint{AF_INET, {}, sizeof(sockaddr_in)};
  auto* address = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
  address->sin_family = AF_INET;
  address->sin_port = htons(port);
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return endpoint;
}

Endpoint LoopbackV6(uint16_t port) {
  Endpoint endpoint{AF_INET6, {}, sizeof(sockaddr_in6)};
  auto* address = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(port);
  address->sin6_addr = in6addr_loopback;
  return endpoint;
}

// Accepts one connection; a child of its own runs `true served`.
int ServeOne(const Endpoint& at, int ready) {
  const UniqueFd listener(socket(at.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.length) != 0)
    return 1;
  if (listen(listener.get(), 8) != 0 || write(ready, "r", 1) != 1) return 2;
  const UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.ok()) return 3;
  return Wait(StartChild([] { return ExecHere({"/bin/true", "served"}); }));
}

// Connects and waits for the server's end.
int Ask(const Endpoint& at) {
  const UniqueFd client(socket(at.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.length) != 0)
    return 1;
  char byte;
  return read(client.get(), &byte, 1) == 0 ? 0 : 2;
}

void ServedChildIsInTheClientsChain(const Endpoint& at, HopKind kind) {
  const Sandbox servers, clients;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t server = servers.Start([&] {
    Wait(StartChild([] { return ExecHere({"/bin/true", "server-entry"}); }));
    return ServeOne(at, ready[1]);
  });
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const pid_t client = clients.Start([&] {
    Wait(StartChild([] { return ExecHere({"/bin/true", "client-entry"}); }));
    return Ask(at);
  });
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(server), 0);
  close(ready[0]);
  close(ready[1]);

  const auto records = Node::Get().DrainUntilExit(static_cast<uint32_t>(server));
  const ExecRecord* served = nullptr;
  const auto execs = ExecsOf(records, "true");
  for (const ExecRecord& exec : execs) {
    if (exec.argv.size() == 2 && exec.argv[1] == "served") served = &exec;
  }
  ASSERT_TRUE(served);
  const auto hop = FindHop(records, served->actor.hop_id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, kind);
  EXPECT_EQ(hop->from.tgid, static_cast<uint32_t>(client));
  EXPECT_EQ(served->actor.confidence, Confidence::kExact);
  EXPECT_EQ(served->actor.chain_id, hop->actor.chain_id);
  EXPECT_NE(hop->parent_id, 0u);
  EXPECT_NE(served->actor.chain_id, served->actor.hop_id);
}

TEST(SocketHopTest, OverAnAbstractUnixSocket) {
  ServedChildIsInTheClientsChain(Abstract("nestor-kernel-test"), HopKind::kUnixSocket);
}

TEST(SocketHopTest, OverTcpOnLoopback) {
  ServedChildIsInTheClientsChain(LoopbackV4(4711), HopKind::kTcp);
}

TEST(SocketHopTest, OverTcpOnV6Loopback) {
  ServedChildIsInTheClientsChain(LoopbackV6(4712), HopKind::kTcp);
}

}  // namespace
}  // namespace nestor
