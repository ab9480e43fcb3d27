// SPDX-License-Identifier: Apache-2.0
// The tables are bounded: what goes, and in which order.
#include "agent/chain/chain_state.h"

namespace nestor {

bool ChainGraph::State::MakeRoomFor(HopId hop) {
  const auto pinned = hops.find(hop);
  if (pinned != hops.end()) ++pinned->second.processes;
  const bool made = MakeRoom();
  if (pinned != hops.end()) --pinned->second.processes;
  return made;
}

bool ChainGraph::State::MakeRoom() {
  while (processes.size() >= options.max_processes) {
    if (EvictOne()) continue;
    ++evicted;
    return false;
  }
  return true;
}

bool ChainGraph::State::EvictOne() {
  while (!ended.empty()) {
    const auto [time_ns, key] = ended.front();
    ended.pop_front();
    const auto node = processes.find(key);
    if (node == processes.end()) continue;
    if (node->second.kept_children == 0) return Evict(key);
    node->second.is_stem = true;
    stems.emplace_back(time_ns, key);
  }
  while (!stems.empty()) {
    const ProcessKey key = stems.front().second;
    stems.pop_front();
    if (processes.contains(key)) return Evict(key);
  }
  return false;
}

bool ChainGraph::State::Evict(ProcessKey key) {
  Forget(key);
  ++evicted;
  return true;
}

void ChainGraph::State::ForgetEndedBefore(std::deque<std::pair<uint64_t, ProcessKey>>& queue,
                                          uint64_t now_ns_in) {
  while (!queue.empty() && queue.front().first + options.ended_grace_ns <= now_ns_in) {
    const ProcessKey key = queue.front().second;
    queue.pop_front();
    Forget(key);
  }
}

void ChainGraph::State::Forget(ProcessKey key) {
  const auto node = processes.find(key);
  if (node == processes.end()) return;
  const HopId hop = node->second.hop_id;
  if (node->second.counts_at_parent) DropChildOf(node->second.parent);
  processes.erase(node);
  if (const auto place = hops.find(hop); place != hops.end()) {
    --place->second.processes;
    DropHopIfUnused(hop);
  }
}

void ChainGraph::State::DropChildOf(ProcessKey key) {
  const auto parent = processes.find(key);
  if (parent == processes.end()) return;
  ProcessNode& node = parent->second;
  if (--node.kept_children > 0 || !node.is_stem) return;
  node.is_stem = false;
  ended.emplace_front(node.ended_boot_ns, key);
}

bool ChainGraph::State::Unused(HopId id, const HopNode& hop) const {
  return hop.processes == 0 && !children.contains(id);
}

void ChainGraph::State::DropHopIfUnused(HopId id) {
  while (id != 0) {
    const auto place = hops.find(id);
    if (place == hops.end() || !Unused(id, place->second)) return;
    const HopId parent = place->second.data.hop.parent_id;
    hops.erase(place);
    forgotten.push_back(id);
    DropChild(parent, id);
    id = parent;
  }
}

void ChainGraph::State::DropChild(HopId parent, HopId child) {
  const auto of_parent = children.find(parent);
  if (of_parent == children.end()) return;
  of_parent->second.erase(child);
  if (of_parent->second.empty()) children.erase(of_parent);
}

void ChainGraph::State::DropUnusedHops() {
  std::vector<HopId> unused;
  for (const auto& [id, hop] : hops) {
    if (Unused(id, hop)) unused.push_back(id);
  }
  for (const HopId id : unused) {
    DropHopIfUnused(id);
    ++evicted;
  }
}

void ChainGraph::State::LeaveLater(uint64_t now_boot_ns) {
  leave_boot_ns = now_boot_ns + options.ended_grace_ns;
  for (const auto& [id, hop] : hops) {
    if (Unused(id, hop)) leaving.push_back(id);
  }
}

}  // namespace nestor
