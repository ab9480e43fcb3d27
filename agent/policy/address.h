// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_ADDRESS_H_
#define NESTOR_AGENT_POLICY_ADDRESS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor {

struct Cidr {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; v4: the first 4
  uint8_t prefix_len = 0;

  bool operator==(const Cidr&) const = default;
  // Whether every address of `other` is in this network.
  bool Covers(const Cidr& other) const;
};

// "10.0.0.0/8", "fd00::/8", or an address alone. A v4-mapped v6 network is given as v4, as the
// kernel side does with addresses. Error: not an address, a prefix too long, bits set below the
// prefix (the message says which network is meant). Thread: any.
Result<Cidr> ParseCidr(std::string_view text);

// "10.0.0.0": without the length of the prefix.
std::string FormatAddress(const Cidr& cidr);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_ADDRESS_H_
