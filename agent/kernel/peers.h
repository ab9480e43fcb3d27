// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PEERS_H_
#define NESTOR_AGENT_KERNEL_PEERS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/policy/address.h"

namespace nestor {

// Another node, or a network that leads to one: chains go to its addresses and come from them.
struct Peer {
  std::string node;  // its name there; empty: not one node, such as the network of Services
  std::vector<Cidr> networks;
};

// Shared by all nodes; SipHash's 128 bits.
using PeerKey = std::array<uint64_t, 2>;

// What stands for a node's name in an option and in the kernel's tables. Two names may have one id:
// settings that name both are refused. Never 0, which means unknown; "" has an id of its own.
// Thread: any.
uint32_t NodeId(std::string_view name);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PEERS_H_
