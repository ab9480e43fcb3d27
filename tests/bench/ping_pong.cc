// SPDX-License-Identifier: Apache-2.0
// ping_pong [ROUNDS [CGROUP]]: a request and its answer of 64 bytes each over one TCP connection on
// loopback, ROUNDS times, between two processes. Prints microseconds a round. Both are in one hop,
// so that no chain is involved; with CGROUP, a folder, the client goes there before it starts:
// where that is another container, the server's side is a hop below the client's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

constexpr size_t kBytes = 64;
constexpr int kWarmUp = 100;

double NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

bool SendAll(int to, const char* bytes) { return send(to, bytes, kBytes, 0) == ssize_t{kBytes}; }

bool ReceiveAll(int from, char* bytes) {
  return recv(from, bytes, kBytes, MSG_WAITALL) == ssize_t{kBytes};
}

void Serve(int connection) {
  char bytes[kBytes] = {};
  while (ReceiveAll(connection, bytes) && SendAll(connection, bytes)) continue;
}

bool Ask(int connection, int rounds) {
  char bytes[kBytes] = {};
  for (int i = 0; i < rounds; ++i) {
    if (!SendAll(connection, bytes) || !ReceiveAll(connection, bytes)) return false;
  }
  return true;
}

void NoDelay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int Client(int port, int rounds) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return 1;
  NoDelay(connection);
  if (!Ask(connection, kWarmUp)) return 1;
  const double begin = NowMicroseconds();
  if (!Ask(connection, rounds)) return 1;
  std::printf("%.3f\n", (NowMicroseconds() - begin) / rounds);
  close(connection);
  return wait(nullptr) > 0 ? 0 : 1;  // the server: it stayed this process's child
}

// Listens on a free port, which it returns, and serves one connection in a child; -1: it cannot.
int StartServer() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, length) != 0 || listen(listener, 1) != 0) return -1;
  if (getsockname(listener, generic, &length) != 0) return -1;
  const pid_t server = fork();
  if (server == 0) {
    const int connection = accept(listener, nullptr, nullptr);
    NoDelay(connection);
    Serve(connection);
    _exit(0);
  }
  return server > 0 ? ntohs(address.sin_port) : -1;
}

bool MoveTo(const char* cgroup) {
  std::ofstream file(std::string(cgroup) + "/cgroup.procs");
  file << getpid() << std::flush;
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "client") == 0) {
    return Client(std::atoi(argv[2]), std::atoi(argv[3]));
  }
  const char* rounds = argc > 1 ? argv[1] : "2000";
  const int port = StartServer();
  if (port < 0 || (argc > 2 && !MoveTo(argv[2]))) return 1;
  execl("/proc/self/exe", argv[0], "client", std::to_string(port).c_str(), rounds, nullptr);
  return 1;
}
