// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_ADDRESS_H_
#define NESTOR_AGENT_POLICY_ADDRESS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/policy/glob.h"

namespace nestor {

// An address as the address automaton reads it: '4' and 4 bytes, or '6' and 16 bytes, in network
// order. A v4-mapped v6 address is given as v4, as the kernel side does.
std::string AddressKey(bool v6, std::span<const uint8_t> bytes);

// "10.0.0.0/8", "fd00::/8", or an address alone, as a pattern over AddressKey(): all covering
// prefixes of an address match, not only the longest. Error: not an address, a prefix too long,
// bits set below the prefix (the message says the network that is meant). Thread: any.
Result<Pattern> ParseCidr(std::string_view text);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_ADDRESS_H_
