// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace nestor::chains {
namespace {

constexpr int kBacklog = 128;

std::optional<Address> TcpAddress(const std::string& text) {
  const size_t slash = text.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string host = text.substr(0, slash);
  const auto port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + slash + 1)));
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = port;
    address.length = sizeof(*v4);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port;
    address.length = sizeof(*v6);
  } else {
    return std::nullopt;
  }
  return address;
}

std::optional<Address> UnixAddress(const std::string& name, int type, bool abstract) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  const size_t lead = abstract ? 1 : 0;
  if (name.empty() || name.size() + lead >= sizeof(un->sun_path)) return std::nullopt;
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path + lead, name.data(), name.size());
  address.type = type;
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return address;
}

}  // namespace

std::optional<Address> ParseAddress(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string kind = text.substr(0, slash), rest = text.substr(slash + 1);
  if (kind == "tcp") return TcpAddress(rest);
  if (kind == "unix") return UnixAddress(rest, SOCK_STREAM, false);
  if (kind == "abstract") return UnixAddress(rest, SOCK_STREAM, true);
  if (kind == "seqpacket") return UnixAddress(rest, SOCK_SEQPACKET, false);
  if (kind == "dgram") return UnixAddress(rest, SOCK_DGRAM, false);
  return std::nullopt;
}

int Listen(const Address& address) {
  const int fd = socket(address.storage.ss_family, address.type | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int yes = 1;
  if (address.storage.ss_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  }
  if (bind(fd, address.get(), address.length) != 0) return -1;
  if (address.storage.ss_family == AF_UNIX) {
    const auto* un = reinterpret_cast<const sockaddr_un*>(&address.storage);
    if (un->sun_path[0]) chmod(un->sun_path, 0777);  // also for callers that are not root
  }
  if (address.type != SOCK_DGRAM && listen(fd, kBacklog) != 0) return -1;
  return fd;
}

int Connect(const Address& address) {
  const int fd = socket(address.storage.ss_family, address.type | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, address.get(), address.length) == 0) return fd;
  close(fd);
  return -1;
}

int Accept(int listener) { return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); }

}  // namespace nestor::chains
