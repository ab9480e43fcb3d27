// SPDX-License-Identifier: Apache-2.0
// A hop that may have come from several requests is told again when it shows from which one.
#include <algorithm>
#include <utility>

#include "agent/chain/chain_state.h"

namespace nestor {

std::vector<Event> ChainGraph::State::ApplySettled(const HopRecord& record) {
  const auto place = hops.find(record.id);
  if (place == hops.end()) return {};
  HopNode& hop = place->second;
  const HopInfo before = hop.data.hop;
  Take(record);
  TakeInfo(hop, record);
  // The record's actor may have ended since it was first told.
  hop.data.hop.to.process = before.to.process;
  hop.data.hop.login = before.login;
  hop.above = AgentAt(record.from);
  std::vector<Event> events;
  for (const HopId id : Below(record.id)) {
    HopNode& below = hops.at(id);
    FollowParent(below);
    if (!std::exchange(below.published, false)) continue;
    Publish(id, events);
  }
  DropHopIfUnused(before.parent_id);
  return events;
}

void ChainGraph::State::FollowParent(HopNode& hop) {
  const auto place = hops.find(hop.data.hop.parent_id);
  if (place == hops.end() || !place->second.moved) return;
  const HopNode& parent = place->second;
  hop.moved = true;
  hop.chain_id = parent.chain_id;
  hop.origin = parent.origin;
  hop.data.depth = parent.data.depth + 1;
  // Ambiguous by its parent alone, it is as sure as that is now.
  if (hop.data.confidence == Confidence::kAmbiguous && hop.data.hop.candidates.empty()) {
    hop.data.confidence = std::max(parent.data.confidence, Confidence::kInferred);
  }
}

std::vector<HopId> ChainGraph::State::Below(HopId id) const {
  std::vector<HopId> found{id};
  for (size_t at = 0; at < found.size() && found.size() <= hops.size(); ++at) {
    const auto below = children.find(found[at]);
    if (below == children.end()) continue;
    for (const HopId child : below->second) {
      if (hops.contains(child)) found.push_back(child);
    }
  }
  return found;
}

void ChainGraph::State::FollowHop(Event& event) const {
  const auto place = hops.find(event.hop_id);
  if (place == hops.end() || !place->second.moved) return;
  const HopNode& hop = place->second;
  event.chain_id = hop.chain_id;
  event.origin = hop.origin;
  event.depth = hop.data.depth;
  event.confidence = hop.data.confidence;
}

}  // namespace nestor
