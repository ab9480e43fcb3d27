// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_CHAIN_WATCH_H_
#define NESTOR_AGENT_API_CHAIN_WATCH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/api/filter.h"
#include "agent/api/siphash.h"
#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "nestor/v1/nestor.pb.h"

namespace nestor {

// Knows what one watcher was told and finds what is new. Remembers 16 bytes a chain, for as long as
// the node lists the chain. Thread: one at a time.
class ChainWatch {
 public:
  // Sends one message; false when the client is gone.
  using Send = std::function<bool(const v1::ListChainsResponse&)>;

  // `filter` must outlive the watch.
  ChainWatch(const Filter& filter, bool include_ended);

  // Sends those of `chains` (all that the node lists, ended ones too) that match and that this
  // watcher was not told in this form; in messages well below gRPC's 4 MiB default. The first time
  // sends at least one message, so that a watcher knows when there is nothing. A chain that ends
  // after it was sent is sent once more, also without include_ended. False when `send` was.
  bool Tell(const Masked<std::vector<ChainInfo>>& chains, const Send& send);

 private:
  using Told = std::unordered_map<HopId, uint64_t>;  // the hash of what was sent

  bool Wants(const ChainInfo& chain) const;

  const Filter& filter_;
  const bool include_ended_;
  const SipKey key_ = RandomSipKey();
  bool first_ = true;
  Told told_;
  std::string bytes_;  // of one chain; kept for its capacity
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_CHAIN_WATCH_H_
