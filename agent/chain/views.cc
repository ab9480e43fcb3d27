// SPDX-License-Identifier: Apache-2.0
// What readers ask for: chains, one process explained, known agents.
#include <algorithm>
#include <ranges>
#include <set>
#include <tuple>
#include <unordered_map>

#include "agent/chain/chain_state.h"

namespace nestor {
namespace {

// A hop lives while something lives below it. `hops`: parents before children.
void KeepAliveAbove(std::vector<ChainHop>& hops) {
  std::unordered_map<HopId, ChainHop*> by_id;
  for (ChainHop& hop : hops) by_id.emplace(hop.hop.id, &hop);
  for (const ChainHop& hop : hops | std::views::reverse) {
    const auto parent = by_id.find(hop.hop.parent_id);
    if (hop.alive && parent != by_id.end()) parent->second->alive = true;
  }
}

}  // namespace

std::vector<ChainInfo> ChainGraph::Chains(bool include_ended) const {
  std::unordered_map<HopId, ChainInfo> chains;
  for (const auto& [id, node] : state_->hops) {
    if (!node.published) continue;
    ChainInfo& chain = chains[node.chain_id];
    chain.id = node.chain_id;
    chain.origin = node.origin;
    chain.hops.push_back(node.data);
    chain.hops.back().alive = node.live_processes > 0;
    for (const ChainHop& outgoing : node.outgoing) {
      chain.hops.push_back(state_->WithLife(outgoing));
    }
    if (id == node.chain_id) {
      chain.workload = node.data.hop.to.workload;
      chain.time_ns = node.data.time_ns;
    }
  }
  for (const auto& [key, node] : state_->processes) {
    const auto hop = state_->hops.find(node.hop_id);
    if (hop == state_->hops.end() || !hop->second.published) continue;
    chains[hop->second.chain_id].processes.push_back(state_->Shown(node));
  }
  std::vector<ChainInfo> result;
  for (auto& [id, chain] : chains) {
    std::sort(chain.hops.begin(), chain.hops.end(), [](const ChainHop& a, const ChainHop& b) {
      return std::tie(a.depth, a.time_ns, a.hop.id) < std::tie(b.depth, b.time_ns, b.hop.id);
    });
    std::sort(
        chain.processes.begin(), chain.processes.end(),
        [](const ChainProcess& a, const ChainProcess& b) { return a.process.key < b.process.key; });
    KeepAliveAbove(chain.hops);
    chain.alive = std::any_of(chain.hops.begin(), chain.hops.end(),
                              [](const ChainHop& hop) { return hop.alive; });
    if (chain.alive || include_ended) result.push_back(std::move(chain));
  }
  std::sort(result.begin(), result.end(), [](const ChainInfo& a, const ChainInfo& b) {
    return std::tie(a.time_ns, a.id) < std::tie(b.time_ns, b.id);
  });
  return result;
}

Result<Explanation> ChainGraph::Explain(uint32_t pid) const {
  const ProcessNode* found = nullptr;
  for (const auto& [key, node] : state_->processes) {
    if (key.tgid != pid) continue;
    // A live one first, then the one that started last: pids are reused.
    if (!found || std::pair(node.alive, key.start_ns) >
                      std::pair(found->alive, found->process.key().start_ns)) {
      found = &node;
    }
  }
  if (!found) return Error::NotFound("no process " + std::to_string(pid) + " in any chain");
  Explanation explanation;
  explanation.process = state_->Shown(*found);
  ChainInfo& chain = explanation.chain;
  chain.id = state_->ChainOf(found->hop_id);
  for (HopId at = found->hop_id; at != 0 && chain.hops.size() < 1024;) {
    const auto hop = state_->hops.find(at);
    if (hop == state_->hops.end()) break;
    chain.hops.push_back(hop->second.data);
    chain.hops.back().alive = hop->second.live_processes > 0;
    chain.origin = hop->second.origin;
    chain.workload = hop->second.data.hop.to.workload;
    chain.time_ns = hop->second.data.time_ns;
    at = hop->second.data.hop.parent_id;
  }
  std::reverse(chain.hops.begin(), chain.hops.end());
  if (const auto hop = state_->hops.find(found->hop_id); hop != state_->hops.end()) {
    for (const ChainHop& outgoing : hop->second.outgoing) {
      if (outgoing.hop.from.process.key != found->process.key()) continue;
      chain.hops.push_back(state_->WithLife(outgoing));
    }
  }
  const ProcessNode* at = found;
  while (at && chain.processes.size() < 1024) {
    chain.processes.push_back(state_->Shown(*at));
    const auto parent = state_->processes.find(at->parent);
    at = parent == state_->processes.end() ? nullptr : &parent->second;
    if (at && state_->ChainOf(at->hop_id) != chain.id) at = nullptr;
  }
  std::reverse(chain.processes.begin(), chain.processes.end());
  chain.alive = found->alive;
  return explanation;
}

std::vector<AgentInfo> ChainGraph::Agents(bool include_ended) const {
  std::vector<AgentInfo> agents;
  for (const auto& [key, node] : state_->processes) {
    if (!node.agent || node.agent->process != key || !(node.alive || include_ended)) continue;
    const auto hop = state_->hops.find(node.hop_id);
    if (hop == state_->hops.end() || !hop->second.published) continue;
    AgentInfo& info = agents.emplace_back();
    info.process = node.process.Unpack();
    info.workload = *node.workload;
    info.chain_id = hop->second.chain_id;
    info.hop_id = node.hop_id;
    info.start_time_ns = state_->RealTime(key.start_ns);
    info.end_time_ns = node.alive ? 0 : state_->RealTime(node.ended_boot_ns);
    info.alive = node.alive;
    if (node.exit) info.exit = *node.exit;
    const ProcessInfo& led_here = hop->second.data.hop.from.process;
    info.started_by = state_->ParentInHop(node) || !led_here.key.known()
                          ? state_->ReferenceTo(node.parent)
                          : ProcessReference{led_here.key, led_here.exe};
    info.above = node.agent->above_name;
    info.above_process = node.agent->above;
  }
  std::ranges::sort(agents, {}, [](const AgentInfo& agent) { return agent.process.key; });
  return agents;
}

size_t ChainGraph::live_processes() const { return state_->live; }

size_t ChainGraph::live_chains() const {
  std::set<HopId> chains;
  for (const auto& [id, hop] : state_->hops) {
    if (hop.published && hop.live_processes > 0) chains.insert(hop.chain_id);
  }
  return chains.size();
}

uint64_t ChainGraph::evicted() const { return state_->evicted; }

}  // namespace nestor
