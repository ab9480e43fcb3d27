// SPDX-License-Identifier: Apache-2.0
// The processes of the chains, and what is known of them.
#include <utility>

#include "agent/chain/chain_state.h"

namespace nestor {

ChainProcess ChainGraph::State::Shown(const ProcessNode& node) const {
  ChainProcess shown;
  shown.process = node.process.Unpack();
  shown.parent = node.parent;
  shown.hop_id = node.hop_id;
  shown.workload = *node.workload;
  shown.start_time_ns = RealTime(node.process.key().start_ns);
  shown.alive = node.alive;
  if (node.exit) shown.exit = *node.exit;
  if (node.verdicts) shown.verdicts = *node.verdicts;
  return shown;
}

uint64_t ChainGraph::State::RealTime(uint64_t boot_ns) const {
  return boot_ns + static_cast<uint64_t>(options.realtime_offset_ns);
}

Workload ChainGraph::State::WorkloadOf(CgroupId container) {
  if (container == 0) return {};
  Workload found = workload(container);
  if (found.pending) pending.insert(container);
  return found;
}

WorkloadPtr ChainGraph::State::SharedWorkloadOf(CgroupId container) {
  // Names that are known stay; asking again for each process copied all of them.
  if (WorkloadPtr known = workload_pool.Newest(container); known && !known->pending) return known;
  return workload_pool.Share(container, WorkloadOf(container));
}

std::optional<ProcessInfo> ChainGraph::State::Known(ProcessKey key) {
  if (const auto node = processes.find(key); node != processes.end()) {
    return node->second.process.Unpack();
  }
  const ProcessInfo* info = proc.Find(key, now_ns);
  return info ? std::optional(*info) : std::nullopt;
}

ProcessInfo ChainGraph::State::InfoOf(ProcessKey key, const std::string& comm) {
  if (!key.known()) return {};
  ProcessInfo info;
  info.exe = comm;
  if (auto known = Known(key)) info = *std::move(known);
  info.key = key;
  // Of the host's processes no record tells.
  if (!processes.contains(key)) Show(AgentAt(key), info);
  return info;
}

ProcessReference ChainGraph::State::ReferenceTo(ProcessKey key) {
  if (!key.known()) return {};
  if (const auto node = processes.find(key); node != processes.end()) {
    return {key, std::string(node->second.process.exe())};
  }
  const ProcessInfo* known = proc.Find(key, now_ns);
  return {key, known ? known->exe : ""};
}

ProcessNode* ChainGraph::State::NodeOf(const Actor& actor) {
  return NodeOf(actor, [&] { return FirstInfo(actor); });
}

ProcessNode* ChainGraph::State::NodeOf(const Actor& actor,
                                       const std::function<ProcessInfo()>& first_info) {
  const auto found = processes.find(actor.self);
  if (found != processes.end()) {
    const bool moved = found->second.hop_id != actor.hop_id;
    MoveToHop(found->second, actor);
    if (moved) PlaceAgain(found->second);
    return &found->second;
  }
  if (!MakeRoomFor(actor.hop_id)) return nullptr;
  PackedProcess process(first_info());
  ProcessNode& node = processes[actor.self];
  node.process = std::move(process);
  node.parent = actor.parent;
  if (const auto parent = processes.find(actor.parent); parent != processes.end()) {
    node.counts_at_parent = true;
    ++parent->second.kept_children;
  }
  node.workload = SharedWorkloadOf(actor.container_cgroup_id);
  node.container = actor.container_cgroup_id;
  ++live;
  MoveToHop(node, actor);
  PlaceNew(node);
  return &node;
}

ProcessInfo ChainGraph::State::FirstInfo(const Actor& actor) {
  ProcessInfo info;
  if (const auto parent = processes.find(actor.parent); parent != processes.end()) {
    info = parent->second.process.Unpack();
  } else if (const ProcessInfo* known = proc.Find(actor.self, now_ns)) {
    info = *known;
  }
  if (info.exe.empty()) info.exe = actor.comm;
  info.key = actor.self;
  info.uid = actor.uid;
  info.gid = actor.gid;
  info.auid = actor.auid;
  info.pre_existing = actor.flags.pre_existing;
  return info;
}

void ChainGraph::State::MoveToHop(ProcessNode& node, const Actor& actor) {
  if (node.container != actor.container_cgroup_id) {
    node.container = actor.container_cgroup_id;
    node.workload = SharedWorkloadOf(node.container);
  }
  if (node.hop_id == actor.hop_id) return;
  if (const auto old = hops.find(node.hop_id); old != hops.end()) {
    --old->second.processes;
    DropAgent(old->second, node.process.key());
    if (node.alive) --old->second.live_processes;
  }
  node.hop_id = actor.hop_id;
  if (actor.hop_id == 0) return;
  HopNode& hop = HopOf(actor);
  ++hop.processes;
  if (node.alive) ++hop.live_processes;
}

ProcessNode* ChainGraph::State::TakeLive(const Actor& actor, ProcessInfo& info) {
  info.key = actor.self;
  info.pre_existing = actor.flags.pre_existing;
  ProcessNode* node = NodeOf(actor);
  if (!node) return nullptr;
  MarkAgent(*node, info);
  node->process = PackedProcess(info);
  const auto hop = hops.find(actor.hop_id);
  if (hop != hops.end() && hop->second.data.hop.to.process.key == actor.self) {
    hop->second.data.hop.to.process = info;
  }
  return node;
}

void ChainGraph::State::End(ProcessNode& node, uint64_t boot_ns) {
  node.alive = false;
  node.ended_boot_ns = boot_ns;
  ended.emplace_back(boot_ns, node.process.key());
  --live;
  if (const auto hop = hops.find(node.hop_id); hop != hops.end()) {
    --hop->second.live_processes;
    DropAgent(hop->second, node.process.key());
  }
}

}  // namespace nestor
