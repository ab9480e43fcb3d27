// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/chain_graph.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "agent/chain/chain_state.h"

namespace nestor {
namespace {

// Answers of /proc that are kept: a node has few host processes that reach into containers.
constexpr size_t kProcAnswers = 4096;

}  // namespace

ChainGraph::State::State(ChainOptions options_in, WorkloadLookup workload_in, ProcessLookup lookup,
                         RuleLookup rule_in, AgentLookup agent_in, AncestorLookup ancestors_in,
                         LoginLookup login_in)
    : options(std::move(options_in)),
      workload(std::move(workload_in)),
      proc(std::move(lookup), kProcAnswers),
      rule(std::move(rule_in)),
      agent(std::move(agent_in)),
      ancestors(std::move(ancestors_in)),
      login(std::move(login_in)) {}

ChainGraph::ChainGraph(ChainOptions options, WorkloadLookup workload, ProcessLookup process,
                       RuleLookup rule, AgentLookup agent, AncestorLookup ancestors,
                       LoginLookup login)
    : state_(std::make_unique<State>(std::move(options), std::move(workload), std::move(process),
                                     std::move(rule), std::move(agent), std::move(ancestors),
                                     std::move(login))) {}

ChainGraph::~ChainGraph() = default;

std::vector<Event> ChainGraph::Apply(Record record) {
  return std::visit(
      [this](auto& one) {
        state_->now_ns = one.time_ns;
        return state_->Apply(std::move(one));
      },
      record);
}

std::vector<Event> ChainGraph::ApplyKnown(const std::vector<HopRecord>& hops,
                                          std::vector<KnownProcess> processes,
                                          uint64_t now_boot_ns) {
  state_->now_ns = now_boot_ns;
  for (const HopRecord& hop : hops) state_->Take(hop);
  std::ranges::sort(processes, {}, [](const KnownProcess& known) { return known.actor.self; });
  std::unordered_map<HopId, std::vector<ProcessNode*>> inside;  // parents before children
  for (KnownProcess& known : processes) {
    if (ProcessNode* node = state_->TakeLive(known.actor, known.info)) {
      inside[known.actor.hop_id].push_back(node);
    }
  }
  std::vector<Event> events;
  for (const HopRecord& hop : hops) {
    state_->PlaceInHop(hop, inside[hop.id]);
    if (state_->Visible(hop.actor)) state_->Publish(hop.id, events);
  }
  for (const KnownProcess& known : processes) {
    if (state_->Visible(known.actor)) state_->Publish(known.actor.hop_id, events);
  }
  state_->LeaveLater(now_boot_ns);
  return events;
}

std::vector<Event> ChainGraph::ApplySeed(const Actor& actor, ProcessInfo info) {
  ProcessNode* node = state_->TakeLive(actor, info);
  if (!state_->Visible(actor)) return {};
  Event event = state_->EventOf(EventType::kExec, actor.self.start_ns, actor, node);
  event.process = std::move(info);
  return state_->AfterItsHops(std::move(event));
}

std::vector<Event> ChainGraph::ApplyWorkload(CgroupId container, const Workload& workload) {
  const WorkloadPtr shared = state_->workload_pool.Share(container, workload);
  for (auto& [key, node] : state_->processes) {
    if (node.container == container) node.workload = shared;
  }
  for (auto& [id, hop] : state_->hops) {
    if (hop.to_container == container) hop.data.hop.to.workload = workload;
    if (hop.from_container == container) hop.data.hop.from.workload = workload;
  }
  state_->PlaceContainer(container);
  if (state_->pending.erase(container) == 0) return {};
  Event event;
  event.type = EventType::kWorkload;
  event.workload = workload;
  event.confidence = Confidence::kExact;
  return {event};
}

std::vector<ProcessKey> ChainGraph::Live() const {
  std::vector<ProcessKey> live;
  for (const auto& [key, node] : state_->processes) {
    if (node.alive) live.push_back(key);
  }
  return live;
}

void ChainGraph::EndUnseen(ProcessKey key, uint64_t now_boot_ns) {
  const auto node = state_->processes.find(key);
  if (node == state_->processes.end() || !node->second.alive) return;
  state_->End(node->second, now_boot_ns);
}

void ChainGraph::Reap(uint64_t now_boot_ns) {
  state_->ForgetEndedBefore(state_->stems, now_boot_ns);
  state_->ForgetEndedBefore(state_->ended, now_boot_ns);
  if (!state_->leaving.empty() && now_boot_ns >= state_->leave_boot_ns) {
    for (const HopId hop : std::exchange(state_->leaving, {})) state_->DropHopIfUnused(hop);
  }
  state_->proc.DropBefore(now_boot_ns - std::min(now_boot_ns, state_->options.ended_grace_ns));
  state_->workload_pool.DropUnused();
  if (state_->hops.size() <= state_->options.max_hops) return;
  // Too many hops: those without a live process go.
  while (state_->hops.size() > state_->options.max_hops && state_->EvictOne()) continue;
  if (state_->hops.size() > state_->options.max_hops) state_->DropUnusedHops();
}

std::vector<HopId> ChainGraph::TakeForgotten() { return std::exchange(state_->forgotten, {}); }

}  // namespace nestor
