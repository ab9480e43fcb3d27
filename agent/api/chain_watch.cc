// SPDX-License-Identifier: Apache-2.0
#include "agent/api/chain_watch.h"

#include <utility>

#include "agent/api/convert.h"

namespace nestor {
namespace {

// A message is sent when it has grown past this; only a single larger chain makes a larger message.
constexpr size_t kChainMessageBytes = 256U << 10;

}  // namespace

ChainWatch::ChainWatch(const Filter& filter, bool include_ended)
    : filter_(filter), include_ended_(include_ended) {}

bool ChainWatch::Wants(const ChainInfo& chain) const {
  return (chain.alive || include_ended_ || told_.contains(chain.id)) && filter_.Matches(chain);
}

bool ChainWatch::Tell(const Masked<std::vector<ChainInfo>>& chains, const Send& send) {
  Told now;
  v1::ListChainsResponse message;
  size_t message_bytes = 0;
  for (size_t index = 0; index < chains->size(); ++index) {
    const ChainInfo& chain = (*chains)[index];
    if (!Wants(chain)) continue;
    v1::Chain* proto = message.add_chains();
    ToProto(chains, index, proto);
    bytes_.clear();
    proto->AppendToString(&bytes_);
    const uint64_t hash = SipHash(key_, bytes_);
    now[chain.id] = hash;
    if (const auto told = told_.find(chain.id); told != told_.end() && told->second == hash) {
      message.mutable_chains()->RemoveLast();
      continue;
    }
    message_bytes += bytes_.size();
    if (message_bytes < kChainMessageBytes) continue;
    if (!send(message)) return false;
    first_ = false;
    message.Clear();
    message_bytes = 0;
  }
  told_ = std::move(now);
  const bool silent = message.chains_size() == 0 && !first_;
  first_ = false;
  return silent || send(message);
}

}  // namespace nestor
