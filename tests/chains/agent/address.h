// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_ADDRESS_H_
#define NESTOR_TESTS_CHAINS_AGENT_ADDRESS_H_

#include <sys/socket.h>

#include <optional>
#include <string>

namespace nestor::chains {

// Where a server is. As text: tcp/127.0.0.1/7001, tcp/::ffff:127.0.0.1/7001,
// unix//chains/sockets/a, abstract/name, seqpacket//chains/sockets/b, dgram//chains/sockets/c.
struct Address {
  int type = SOCK_STREAM;
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Address> ParseAddress(const std::string& text);

// All return -1 with errno. Descriptors are closed on exec: what is started inherits no connection.
int Listen(const Address& address);
int Connect(const Address& address);
int Accept(int listener);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_ADDRESS_H_
