// SPDX-License-Identifier: Apache-2.0
// ping_pong [ROUNDS]: a request and its answer of 64 bytes each over one TCP connection on
// loopback, ROUNDS times, between two processes. Prints microseconds a round.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr size_t kBytes = 64;

double NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

bool Pass(int from, bool answer) {
  char bytes[kBytes] = {};
  if (answer) {
    const ssize_t got = recv(from, bytes, sizeof(bytes), MSG_WAITALL);
    if (got <= 0) return false;
    return send(from, bytes, sizeof(bytes), 0) == static_cast<ssize_t>(sizeof(bytes));
  }
  if (send(from, bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) return false;
  return recv(from, bytes, sizeof(bytes), MSG_WAITALL) == static_cast<ssize_t>(sizeof(bytes));
}

void NoDelay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 2000;
  constexpr int kWarmUp = 100;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, length) != 0 || listen(listener, 1) != 0) return 1;
  if (getsockname(listener, generic, &length) != 0) return 1;
  const pid_t server = fork();
  if (server == 0) {
    const int connection = accept(listener, nullptr, nullptr);
    NoDelay(connection);
    while (Pass(connection, true)) continue;
    _exit(0);
  }
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client, generic, length) != 0) return 1;
  NoDelay(client);
  for (int i = 0; i < kWarmUp; ++i) {
    if (!Pass(client, false)) return 1;
  }
  const double begin = NowMicroseconds();
  for (int i = 0; i < rounds; ++i) {
    if (!Pass(client, false)) return 1;
  }
  std::printf("%.2f\n", (NowMicroseconds() - begin) / rounds);
  close(client);
  return waitpid(server, nullptr, 0) == server ? 0 : 1;
}
