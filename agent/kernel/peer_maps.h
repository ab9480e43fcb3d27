// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PEER_MAPS_H_
#define NESTOR_AGENT_KERNEL_PEER_MAPS_H_

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "agent/kernel/peers.h"

namespace nestor {

// The kernel's tables of other nodes (bpf/remote.bpf.h). Thread: one at a time.
class PeerMaps {
 public:
  // `key_slot` is the kernel's peer_key_slot in mapped memory.
  PeerMaps(int networks_fd, int keys_fd, volatile uint32_t* key_slot)
      : networks_fd_(networks_fd), keys_fd_(keys_fd), key_slot_(key_slot) {}

  Status AddNetworks(const std::vector<Peer>& peers);
  // See Probes::SetPeerKeys. The idle entry is written, then one word makes it the one that counts.
  Status SetKeys(const std::vector<PeerKey>& keys);

 private:
  int networks_fd_;
  int keys_fd_;
  volatile uint32_t* key_slot_;
};

// Runs an attached iter/tcp program inside each network namespace: it sees the sockets of its
// reader's only. Returns how many listeners it changed; after an error the other namespaces are
// done nevertheless. In a thread of its own, which ends: the caller's namespace stays.
Result<size_t> RunInNamespaces(int iterator_link_fd, const std::vector<int>& namespaces);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PEER_MAPS_H_
