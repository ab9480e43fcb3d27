// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/chain_view.h"

#include <algorithm>

namespace nestor::ctl {

void ChainView::Apply(const v1::ListChainsResponse& changed, WallTime now) {
  for (const v1::Chain& chain : changed.chains()) {
    Entry& entry = entries_[chain.id()];
    const bool told_before = entry.ended != WallTime() && !chain.alive();
    entry.ended = chain.alive() ? WallTime() : told_before ? entry.ended : now;
    entry.chain = chain;
  }
}

std::vector<v1::Chain> ChainView::Chains(WallTime now) {
  Forget(now);
  std::vector<v1::Chain> chains;
  for (const auto& [id, entry] : entries_) chains.push_back(entry.chain);
  return chains;
}

void ChainView::Forget(WallTime now) {
  std::vector<WallTime> ends;
  for (const auto& [id, entry] : entries_) {
    if (!entry.chain.alive()) ends.push_back(entry.ended);
  }
  WallTime oldest_kept = keep_ended_ ? WallTime() : now - kLinger;
  if (ends.size() > kMostEnded) {
    std::nth_element(ends.begin(), ends.begin() + kMostEnded, ends.end(), std::greater<>());
    oldest_kept = std::max(oldest_kept, ends[kMostEnded] + std::chrono::nanoseconds(1));
  }
  std::erase_if(entries_, [&](const auto& item) {
    return !item.second.chain.alive() && item.second.ended < oldest_kept;
  });
}

}  // namespace nestor::ctl
