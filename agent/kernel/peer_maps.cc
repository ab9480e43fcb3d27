// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/peer_maps.h"

#include <bpf/bpf.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "agent/base/unique_fd.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

nestor_peer_network ToRaw(const Cidr& cidr) {
  nestor_peer_network raw{};
  raw.prefix_len = cidr.prefix_len + (cidr.v6 ? 0U : 96U);
  if (cidr.v6) {
    std::memcpy(raw.addr, cidr.bytes.data(), sizeof(raw.addr));
  } else {
    raw.addr[10] = raw.addr[11] = 0xff;
    std::memcpy(raw.addr + 12, cidr.bytes.data(), 4);
  }
  return raw;
}

// In the namespace that the thread is in. Returns the bytes that came: one for each listener.
Result<size_t> ReadIterator(int link_fd) {
  const UniqueFd iterator(bpf_iter_create(link_fd));
  if (!iterator.ok()) return Error::FromErrno("open the iterator of listeners", errno);
  size_t bytes = 0;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = read(iterator.get(), chunk.data(), chunk.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error::FromErrno("read the iterator of listeners", errno);
    if (got == 0) return bytes;
    bytes += static_cast<size_t>(got);
  }
}

}  // namespace

Status PeerMaps::AddNetworks(const std::vector<Peer>& peers) {
  for (const Peer& peer : peers) {
    const uint32_t node = NodeId(peer.node);
    for (const Cidr& network : peer.networks) {
      const nestor_peer_network key = ToRaw(network);
      if (bpf_map_update_elem(networks_fd_, &key, &node, BPF_NOEXIST) != 0) {
        return Error::FromErrno("write a network of peer `" + peer.node + "`", errno);
      }
    }
  }
  return {};
}

Status PeerMaps::SetKeys(const std::vector<PeerKey>& keys) {
  if (keys.empty() || keys.size() > NESTOR_PEER_KEYS) {
    return Error::InvalidArgument("there must be 1 or " + std::to_string(NESTOR_PEER_KEYS) +
                                  " peer keys, not " + std::to_string(keys.size()));
  }
  nestor_peer_keys raw{};
  raw.count = static_cast<uint32_t>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    std::memcpy(raw.key[i], keys[i].data(), sizeof(raw.key[i]));
  }
  const uint32_t slot = (*key_slot_ ^ 1U) & 1U;
  if (bpf_map_update_elem(keys_fd_, &slot, &raw, BPF_ANY) != 0) {
    return Error::FromErrno("write the peer keys", errno);
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *key_slot_ = slot;
  return {};
}

Result<size_t> RunInNamespaces(int iterator_link_fd, const std::vector<int>& namespaces) {
  Result<size_t> result = size_t{0};
  std::jthread([&] {
    for (const int network : namespaces) {
      if (setns(network, CLONE_NEWNET) != 0) {
        result = Error::FromErrno("enter a network namespace", errno);
        continue;
      }
      auto changed = ReadIterator(iterator_link_fd);
      if (!changed) result = changed.error();
      if (result && changed) *result += *changed;
    }
  }).join();
  return result;
}

}  // namespace nestor
