// SPDX-License-Identifier: Apache-2.0
// One thread for all connections, as event-driven servers are, and what such a thread hands to
// workers.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/bytes.h"
#include "tests/chains/agent/serve.h"
#include "tests/chains/agent/task.h"

namespace nestor::chains {
namespace {

struct Connection {
  int fd;
  std::string text;
};

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// True while the connection stays.
bool ReadSome(Connection& connection, const Handler& handler) {
  char buffer[4096];
  const ssize_t length = read(connection.fd, buffer, sizeof(buffer));
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  connection.text.append(buffer, static_cast<size_t>(length));
  if (length > 0 && !Complete(connection.text)) return true;
  if (Complete(connection.text)) {
    handler(connection.text);
    WriteAll(connection.fd, "ok\n");
  }
  return false;
}

}  // namespace

void ServeByLoop(int listener, const Handler& handler) {
  SetNonBlocking(listener);
  std::vector<Connection> connections;
  for (;;) {
    std::vector<pollfd> wanted = {{listener, POLLIN, 0}};
    for (const Connection& connection : connections) wanted.push_back({connection.fd, POLLIN, 0});
    if (poll(wanted.data(), wanted.size(), -1) <= 0) continue;
    std::vector<Connection> kept;
    for (size_t index = 0; index < connections.size(); ++index) {
      Connection& connection = connections[index];
      if (!wanted[index + 1].revents || ReadSome(connection, handler)) {
        kept.push_back(std::move(connection));
      } else {
        close(connection.fd);
      }
    }
    connections = std::move(kept);
    while (wanted[0].revents) {
      const int fd = Accept(listener);
      if (fd < 0) break;
      SetNonBlocking(fd);
      connections.push_back({fd, ""});
    }
  }
}

}  // namespace nestor::chains
