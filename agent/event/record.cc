// SPDX-License-Identifier: Apache-2.0
#include "agent/event/record.h"

#include <arpa/inet.h>

namespace nestor {

std::string ToString(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.family) {
    case AddressFamily::kInet:
      inet_ntop(AF_INET, address.bytes.data(), text, sizeof(text));
      return std::string(text) + ":" + std::to_string(address.port);
    case AddressFamily::kInet6:
      inet_ntop(AF_INET6, address.bytes.data(), text, sizeof(text));
      return "[" + std::string(text) + "]:" + std::to_string(address.port);
    case AddressFamily::kUnix:
    case AddressFamily::kNone:
      return "";
  }
  return "";
}

}  // namespace nestor
