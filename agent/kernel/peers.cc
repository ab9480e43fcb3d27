// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/peers.h"

#include <cstring>

#include "bpf/abi.h"
#include "bpf/siphash.h"

namespace nestor {

uint32_t NodeId(std::string_view name) {
  if (name.empty()) return NESTOR_NODE_UNNAMED;
  constexpr size_t kWords = 32;  // a Kubernetes name has at most 253 bytes; what follows is cut
  std::array<__u64, kWords> words{};
  std::memcpy(words.data(), name.data(), std::min(name.size(), sizeof(words)));
  constexpr __u64 kNoKey[2] = {};
  const auto id = static_cast<uint32_t>(nestor_siphash(kNoKey, words.data(), kWords));
  return id == 0 || id == NESTOR_NODE_UNNAMED ? 1 : id;
}

}  // namespace nestor
