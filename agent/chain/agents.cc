// SPDX-License-Identifier: Apache-2.0
// Which processes are known agents, and below which ones others run.
#include <algorithm>
#include <utility>

#include "agent/chain/chain_state.h"

namespace nestor {

AgentPlacePtr ChainGraph::State::AgentAt(ProcessKey key) {
  if (!key.known()) return nullptr;
  if (const auto node = processes.find(key); node != processes.end()) {
    return node->second.agent ? node->second.agent : node->second.above;
  }
  const ProcessInfo* info = proc.Find(key, now_ns);
  const AgentMatch match = info ? agent(*info, {}) : AgentMatch{};
  return match ? PlaceAgent(match, key, {}, nullptr) : nullptr;
}

const ProcessNode* ChainGraph::State::ParentInHop(const ProcessNode& node) const {
  const auto parent = processes.find(node.parent);
  const bool inside = parent != processes.end() && parent->second.hop_id == node.hop_id;
  return inside ? &parent->second : nullptr;
}

AgentPlacePtr ChainGraph::State::AgentAbove(const ProcessNode& node) {
  if (ParentInHop(node)) return AgentAt(node.parent);
  const auto hop = hops.find(node.hop_id);
  if (hop == hops.end()) return nullptr;
  const bool of_unknown_fork = node.parent.known() && !processes.contains(node.parent);
  if (of_unknown_fork && !hop->second.agents.empty()) {
    if (AgentPlacePtr place = AgentAboveFork(node.parent, hop->second)) return place;
  }
  return hop->second.above;
}

AgentPlacePtr ChainGraph::State::AgentAboveFork(ProcessKey fork, const HopNode& hop) {
  for (const uint32_t pid : ancestors(fork)) {
    const auto found = std::ranges::find(
        hop.agents, pid, [](const AgentPlacePtr& place) { return place->process.tgid; });
    if (found != hop.agents.end()) return *found;
  }
  return nullptr;
}

void ChainGraph::State::SetAgent(ProcessNode& node, AgentPlacePtr place) {
  const auto hop = hops.find(node.hop_id);
  if (hop != hops.end()) {
    DropAgent(hop->second, node.process.key());
    if (place && node.alive) hop->second.agents.push_back(place);
  }
  node.agent = std::move(place);
}

void ChainGraph::State::DropAgent(HopNode& hop, ProcessKey key) {
  std::erase_if(hop.agents, [key](const AgentPlacePtr& place) { return place->process == key; });
}

void ChainGraph::State::Show(const AgentPlacePtr& place, ProcessInfo& info) {
  const bool is_agent = place && place->process == info.key;
  info.agent = is_agent ? place->name : "";
  info.agent_depth = is_agent ? place->depth : 0;
}

bool ChainGraph::State::IsEntrypoint(ProcessKey key, HopId hop) const {
  const auto place = hops.find(hop);
  return place != hops.end() && place->second.data.hop.kind == HopKind::kContainerEntrypoint &&
         place->second.data.hop.to.process.key == key;
}

void ChainGraph::State::MarkAgent(ProcessNode& node, ProcessInfo& info) {
  AgentMatch match = agent(info, *node.workload);
  if (match.form == AgentForm::kContainer && !IsEntrypoint(info.key, node.hop_id)) match = {};
  SetAgent(node, match ? PlaceAgent(match, info.key, node.parent, node.above) : nullptr);
  Show(node.agent, info);
}

void ChainGraph::State::MarkAgentAgain(ProcessNode& node) {
  ProcessInfo info = node.process.Unpack();
  MarkAgent(node, info);
  node.process = PackedProcess(info);
}

void ChainGraph::State::PlaceNew(ProcessNode& node) {
  node.above = AgentAbove(node);
  const ProcessNode* parent = ParentInHop(node);
  if (node.process.exe().empty()) return;  // its exec comes at once
  if (parent && parent->agent) {
    node.agent = parent->agent;
  } else {
    MarkAgentAgain(node);
  }
}

void ChainGraph::State::PlaceAgain(ProcessNode& node) {
  node.above = AgentAbove(node);
  const ProcessNode* parent = ParentInHop(node);
  const bool is_fork = node.agent && node.agent->process != node.process.key();
  if (is_fork && parent && parent->agent) {
    node.agent = parent->agent;
  } else {
    MarkAgentAgain(node);
  }
}

void ChainGraph::State::PlaceContainer(CgroupId container) {
  std::vector<ProcessNode*> inside;
  for (auto& [key, node] : processes) {
    if (node.container == container) inside.push_back(&node);
  }
  std::ranges::sort(inside, {}, [](const ProcessNode* node) { return node->process.key(); });
  for (ProcessNode* node : inside) PlaceAgain(*node);
}

AgentPlacePtr ChainGraph::State::AgentBefore(const HopRecord& record) {
  if (!record.entered || record.from != record.actor.self) return AgentAt(record.from);
  const auto node = processes.find(record.from);
  return node == processes.end() ? nullptr : node->second.above;
}

}  // namespace nestor
