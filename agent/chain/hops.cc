// SPDX-License-Identifier: Apache-2.0
// The hops: where each came from, and when it is told.
#include <ranges>
#include <utility>

#include "agent/chain/chain_state.h"
#include "agent/chain/evidence.h"
#include "agent/chain/words.h"

namespace nestor {
namespace {

// Hops to other nodes that are kept for one hop here, the newest ones; the events have all.
constexpr size_t kMaxOutgoing = 64;

// OpenSSH has sshd, from 9.8 on sshd-session, too.
bool IsSshServer(std::string_view exe) {
  const size_t slash = exe.rfind('/');
  return exe.substr(slash == std::string_view::npos ? 0 : slash + 1).starts_with("sshd");
}

}  // namespace

HopNode& ChainGraph::State::HopOf(const Actor& actor) {
  const auto [place, fresh] = hops.try_emplace(actor.hop_id);
  HopNode& hop = place->second;
  if (!fresh) return hop;
  hop.boot_ns = actor.self.start_ns;  // it began no later than its first process seen
  hop.data.time_ns = RealTime(hop.boot_ns);
  hop.data.hop.id = actor.hop_id;
  hop.data.depth = actor.depth;
  hop.data.confidence = Confidence::kInferred;
  hop.data.hop.kind = actor.hop_id == actor.chain_id ? actor.origin : HopKind::kNone;
  hop.data.hop.to.process = InfoOf(actor.self, actor.comm);
  hop.data.hop.to.workload = WorkloadOf(actor.container_cgroup_id);
  // Nothing more is to be known of what ran before; any other hop has a record, which was lost.
  hop.data.hop.evidence = hop.data.hop.kind == HopKind::kPreExisting
                              ? "ran before nestord started"
                              : "its announcement was lost; a process of it was seen";
  hop.chain_id = actor.chain_id;
  hop.origin = actor.origin;
  hop.to_container = actor.container_cgroup_id;
  return hop;
}

std::vector<Event> ChainGraph::State::Apply(const HopRecord& record) {
  if (record.id == 0) return {};
  if (record.kind == HopKind::kTcpRemote && (record.detail & kOutgoingHop) != 0) {
    return ApplyOutgoing(record);
  }
  if (record.again) return ApplySettled(record);
  const AgentPlacePtr above = AgentBefore(record);
  if (record.entered) NodeOf(record.actor);  // may make a node for the hop, or drop others
  HopNode& hop = Take(record);
  if (!hop.above) hop.above = above;
  if (const auto node = processes.find(record.actor.self);
      record.entered && node != processes.end()) {
    hop.data.hop.to.process.key = record.actor.self;
    PlaceAgain(node->second);
  }
  TakeInfo(hop, record);
  std::vector<Event> events;
  if (Visible(record.actor)) Publish(record.id, events);
  return events;
}

HopNode& ChainGraph::State::Take(const HopRecord& record) {
  HopNode& hop = hops[record.id];
  if (hop.settled && !IsSettled(record)) return hop;
  SetParent(hop, record.id, record.parent_id);
  hop.settled = hop.moved = IsSettled(record);
  hop.announced = true;
  hop.boot_ns = record.time_ns;
  hop.chain_id = record.chain_id;
  hop.origin = record.origin;
  hop.to_container = record.to_container_cgroup_id;
  hop.from_container = record.from_container_cgroup_id;
  hop.data.depth = record.depth;
  hop.data.confidence = record.confidence;
  hop.data.time_ns = RealTime(record.time_ns);
  hop.data.hop.id = record.id;
  hop.data.hop.kind = record.kind;
  return hop;
}

void ChainGraph::State::SetParent(HopNode& hop, HopId id, HopId parent) {
  const HopId before = std::exchange(hop.data.hop.parent_id, parent);
  if (before == parent) return;
  if (parent != 0) children[parent].insert(id);
  if (before != 0) DropChild(before, id);
}

HopId ChainGraph::State::ChainOf(HopId hop) const {
  const auto place = hops.find(hop);
  return place == hops.end() ? 0 : place->second.chain_id;
}

void ChainGraph::State::TakeInfo(HopNode& hop, const HopRecord& record) {
  if (hop.settled && !IsSettled(record)) return;
  hop.data.hop = InfoOf(record);
  FollowParent(hop);
}

void ChainGraph::State::PlaceInHop(const HopRecord& record,
                                   const std::vector<ProcessNode*>& inside) {
  HopNode& hop = hops[record.id];
  hop.above = AgentBefore(record);
  TakeInfo(hop, record);
  for (ProcessNode* node : inside) {
    PlaceAgain(*node);
    TakeLogin(*node);
  }
}

bool ChainGraph::State::TakeLogin(const ProcessNode& node) {
  const auto hop = hops.find(node.hop_id);
  if (!login || hop == hops.end() || hop->second.data.hop.login) return false;
  const HopKind kind = hop->second.data.hop.kind;
  if (kind != HopKind::kSshLogin && kind != HopKind::kTcpRemote) return false;
  if (IsSshServer(node.process.exe()) || !IsSshServer(ReferenceTo(node.parent).exe)) return false;
  std::optional<LoginInfo> found = login(node.parent, node.process.key());
  if (!found) return false;
  hop->second.data.hop.login = *std::move(found);
  return true;
}

std::vector<Event> ChainGraph::State::ApplyOutgoing(const HopRecord& record) {
  HopNode& below = HopOf(record.actor);
  ChainHop hop;
  hop.hop = InfoOf(record);
  hop.depth = record.depth;
  hop.confidence = record.confidence;
  hop.time_ns = RealTime(record.time_ns);
  Event event = Base(EventType::kHop, record.time_ns, record.actor);
  event.hop_id = record.id;
  event.depth = record.depth;
  event.process = hop.hop.from.process;
  event.workload = hop.hop.from.workload;
  event.hop = hop.hop;
  if (below.outgoing.size() >= kMaxOutgoing) below.outgoing.pop_front();
  below.outgoing.push_back(std::move(hop));
  std::vector<Event> events;
  if (!Visible(record.actor)) return events;
  Publish(record.actor.hop_id, events);
  events.push_back(std::move(event));
  return events;
}

ChainHop ChainGraph::State::WithLife(ChainHop outgoing) const {
  const auto from = processes.find(outgoing.hop.from.process.key);
  outgoing.alive = from != processes.end() && from->second.alive;
  return outgoing;
}

std::string ChainGraph::State::NodeName(uint32_t id) const {
  const auto name = options.peer_nodes.find(id);
  return name == options.peer_nodes.end() ? "" : name->second;
}

HopInfo ChainGraph::State::InfoOf(const HopRecord& record) {
  HopInfo info;
  info.id = record.id;
  info.parent_id = record.parent_id;
  info.kind = record.kind;
  info.from.process = InfoOf(record.from, record.from_comm);
  info.from.workload = WorkloadOf(record.from_container_cgroup_id);
  info.from.address = ToString(record.peer);
  info.to.process = record.entered ? InfoOf(record.actor.self, record.actor.comm)
                                   : InfoOf(record.server, record.server_comm);
  info.to.workload = WorkloadOf(record.to_container_cgroup_id);
  info.to.address =
      record.unix_path.value.empty() ? ToString(record.local) : record.unix_path.value;
  if (record.remote_hop_id != 0) {
    info.remote = RemoteInfo{NodeName(record.remote_node), record.remote_hop_id, record.remote_pid};
  }
  info.evidence = EvidenceOf(record, info.to.workload, info.remote ? &*info.remote : nullptr);
  info.detail = DetailOf(record);
  info.candidates = record.candidates;
  return info;
}

Event ChainGraph::State::HopEvent(const HopNode& node) {
  Event event;
  event.type = EventType::kHop;
  event.boot_ns = node.boot_ns;
  event.chain_id = node.chain_id;
  event.hop_id = node.data.hop.id;
  event.depth = node.data.depth;
  event.origin = node.origin;
  event.confidence = node.data.confidence;
  event.process = node.data.hop.to.process;
  event.workload = node.data.hop.to.workload;
  event.hop = node.data.hop;
  if (const auto process = processes.find(event.process.key); process != processes.end()) {
    event.parent = ReferenceTo(process->second.parent);
  }
  return event;
}

void ChainGraph::State::Publish(HopId id, std::vector<Event>& events) {
  std::vector<HopNode*> path;
  for (HopId at = id; at != 0 && path.size() < 1024;) {
    const auto place = hops.find(at);
    if (place == hops.end() || place->second.published) break;
    place->second.published = true;
    path.push_back(&place->second);
    at = place->second.data.hop.parent_id;
  }
  for (const HopNode* node : path | std::views::reverse) events.push_back(HopEvent(*node));
}

std::vector<Event> ChainGraph::State::AfterItsHops(Event&& event) {
  std::vector<Event> events;
  Publish(event.hop_id, events);
  events.push_back(std::move(event));
  return events;
}

}  // namespace nestor
