// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/chain_graph.h"

#include <algorithm>
#include <deque>
#include <ranges>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "agent/chain/agent_place.h"
#include "agent/chain/evidence.h"
#include "agent/chain/packed_process.h"
#include "agent/chain/proc_cache.h"
#include "agent/chain/words.h"
#include "agent/chain/workload_pool.h"

namespace nestor {
namespace {

// There is one for each process of the node's pods: a byte here is a hundred kilobytes.
struct ProcessNode {
  PackedProcess process;
  ProcessKey parent;
  HopId hop_id = 0;
  HopId chain_id = 0;
  CgroupId container = 0;
  WorkloadPtr workload;
  uint64_t ended_boot_ns = 0;
  AgentPlacePtr agent;  // that it is, itself or as a fork of it; null: none
  AgentPlacePtr above;  // that it runs below
  Boxed<ExitInfo> exit;
  Boxed<std::vector<VerdictInfo>> verdicts;
  uint32_t kept_children = 0;
  bool counts_at_parent = false;  // is one of its parent's kept_children
  bool alive = true;
  bool is_stem = false;  // ended, and passed over because of its children
};

struct HopNode {
  ChainHop data;
  HopId chain_id = 0;
  HopKind origin = HopKind::kNone;
  CgroupId to_container = 0;
  CgroupId from_container = 0;
  uint64_t boot_ns = 0;
  size_t live_processes = 0;
  size_t processes = 0;    // kept, live or ended
  bool announced = false;  // by its own record
  bool published = false;
  AgentPlacePtr above;                // that who led here is, or ran below
  std::vector<AgentPlacePtr> agents;  // that live in it
  std::deque<ChainHop> outgoing;      // from here to other nodes, oldest first
};

EventType TypeOf(SocketOperation operation) {
  switch (operation) {
    case SocketOperation::kConnect:
      return EventType::kConnect;
    case SocketOperation::kAccept:
      return EventType::kAccept;
    case SocketOperation::kBind:
      return EventType::kBind;
    case SocketOperation::kListen:
      return EventType::kListen;
  }
  return EventType::kConnect;
}

// Hops to other nodes that are kept for one hop here, the newest ones; the events have all.
constexpr size_t kMaxOutgoing = 64;

// OpenSSH has sshd, from 9.8 on sshd-session, too.
bool IsSshServer(std::string_view exe) {
  const size_t slash = exe.rfind('/');
  return exe.substr(slash == std::string_view::npos ? 0 : slash + 1).starts_with("sshd");
}

// Answers of /proc that are kept: a node has few host processes that reach into containers.
constexpr size_t kProcAnswers = 4096;

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

struct ChainGraph::State {
  State(ChainOptions options_in, WorkloadLookup workload_in, ProcessLookup lookup,
        RuleLookup rule_in, AgentLookup agent_in, AncestorLookup ancestors_in, LoginLookup login_in)
      : options(std::move(options_in)),
        workload(std::move(workload_in)),
        proc(std::move(lookup), kProcAnswers),
        rule(std::move(rule_in)),
        agent(std::move(agent_in)),
        ancestors(std::move(ancestors_in)),
        login(std::move(login_in)) {}

  ChainOptions options;
  WorkloadLookup workload;
  WorkloadPool workload_pool;
  ProcCache proc;
  RuleLookup rule;
  AgentLookup agent;
  AncestorLookup ancestors;
  LoginLookup login;
  uint64_t now_ns = 0;  // CLOCK_BOOTTIME of the record that is being applied
  std::unordered_map<ProcessKey, ProcessNode> processes;
  std::unordered_map<HopId, HopNode> hops;
  // How many kept hops name this one as their parent; apart, for a parent's own record can be lost.
  std::unordered_map<HopId, size_t> children;
  // When each ended, oldest first. Stems are those that were passed over when room was made, for
  // a process that is kept came from them; one may stand here after it is gone.
  std::deque<std::pair<uint64_t, ProcessKey>> ended, stems;
  std::unordered_set<CgroupId> pending;  // published without their names
  std::vector<HopId> forgotten;          // dropped and not taken yet
  std::vector<HopId> leaving;            // known and unused at the start; dropped at leave_boot_ns
  uint64_t leave_boot_ns = 0;
  size_t live = 0;
  uint64_t evicted = 0;

  // As it is told to others.
  ChainProcess Shown(const ProcessNode& node) const {
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

  uint64_t RealTime(uint64_t boot_ns) const {
    return boot_ns + static_cast<uint64_t>(options.realtime_offset_ns);
  }

  Workload WorkloadOf(CgroupId container) {
    if (container == 0) return {};
    Workload found = workload(container);
    if (found.pending) pending.insert(container);
    return found;
  }

  WorkloadPtr SharedWorkloadOf(CgroupId container) {
    // Names that are known stay; asking again for each process copied all of them.
    if (WorkloadPtr known = workload_pool.Newest(container); known && !known->pending) return known;
    return workload_pool.Share(container, WorkloadOf(container));
  }

  // What is known of a process: the table, else /proc.
  std::optional<ProcessInfo> Known(ProcessKey key) {
    if (const auto node = processes.find(key); node != processes.end()) {
      return node->second.process.Unpack();
    }
    const ProcessInfo* info = proc.Find(key, now_ns);
    return info ? std::optional(*info) : std::nullopt;
  }

  // The same; of an unknown one, its name only.
  ProcessInfo InfoOf(ProcessKey key, const std::string& comm) {
    if (!key.known()) return {};
    ProcessInfo info;
    info.exe = comm;
    if (auto known = Known(key)) info = *std::move(known);
    info.key = key;
    // Of the host's processes no record tells.
    if (!processes.contains(key)) Show(AgentAt(key), info);
    return info;
  }

  // The agent that a process is or runs below; null: none.
  AgentPlacePtr AgentAt(ProcessKey key) {
    if (!key.known()) return nullptr;
    if (const auto node = processes.find(key); node != processes.end()) {
      return node->second.agent ? node->second.agent : node->second.above;
    }
    const ProcessInfo* info = proc.Find(key, now_ns);
    const AgentMatch match = info ? agent(*info, {}) : AgentMatch{};
    return match ? PlaceAgent(match, key, {}, nullptr) : nullptr;
  }

  const ProcessNode* ParentInHop(const ProcessNode& node) const {
    const auto parent = processes.find(node.parent);
    const bool inside = parent != processes.end() && parent->second.hop_id == node.hop_id;
    return inside ? &parent->second : nullptr;
  }

  // Through its parent within a hop, through who led there from one hop to the next.
  AgentPlacePtr AgentAbove(const ProcessNode& node) {
    if (ParentInHop(node)) return AgentAt(node.parent);
    const auto hop = hops.find(node.hop_id);
    if (hop == hops.end()) return nullptr;
    const bool of_unknown_fork = node.parent.known() && !processes.contains(node.parent);
    if (of_unknown_fork && !hop->second.agents.empty()) {
      if (AgentPlacePtr place = AgentAboveFork(node.parent, hop->second)) return place;
    }
    return hop->second.above;
  }

  AgentPlacePtr AgentAboveFork(ProcessKey fork, const HopNode& hop) {
    for (const uint32_t pid : ancestors(fork)) {
      const auto found = std::ranges::find(
          hop.agents, pid, [](const AgentPlacePtr& place) { return place->process.tgid; });
      if (found != hop.agents.end()) return *found;
    }
    return nullptr;
  }

  // Its place among the agents of its hop; null: it is none, or none any more.
  void SetAgent(ProcessNode& node, AgentPlacePtr place) {
    const auto hop = hops.find(node.hop_id);
    if (hop != hops.end()) {
      DropAgent(hop->second, node.process.key());
      if (place && node.alive) hop->second.agents.push_back(place);
    }
    node.agent = std::move(place);
  }

  static void DropAgent(HopNode& hop, ProcessKey key) {
    std::erase_if(hop.agents, [key](const AgentPlacePtr& place) { return place->process == key; });
  }

  static void Show(const AgentPlacePtr& place, ProcessInfo& info) {
    const bool is_agent = place && place->process == info.key;
    info.agent = is_agent ? place->name : "";
    info.agent_depth = is_agent ? place->depth : 0;
  }

  // An image stands for the first process of its container.
  bool IsEntrypoint(ProcessKey key, HopId hop) const {
    const auto place = hops.find(hop);
    return place != hops.end() && place->second.data.hop.kind == HopKind::kContainerEntrypoint &&
           place->second.data.hop.to.process.key == key;
  }

  // What `info`, which the process now runs, makes of it.
  void MarkAgent(ProcessNode& node, ProcessInfo& info) {
    AgentMatch match = agent(info, *node.workload);
    if (match.form == AgentForm::kContainer && !IsEntrypoint(info.key, node.hop_id)) match = {};
    SetAgent(node, match ? PlaceAgent(match, info.key, node.parent, node.above) : nullptr);
    Show(node.agent, info);
  }

  // By what it is known to run.
  void MarkAgentAgain(ProcessNode& node) {
    ProcessInfo info = node.process.Unpack();
    MarkAgent(node, info);
    node.process = PackedProcess(info);
  }

  // A new process: before its exec it is its parent's agent, if that is one.
  void PlaceNew(ProcessNode& node) {
    node.above = AgentAbove(node);
    const ProcessNode* parent = ParentInHop(node);
    if (node.process.exe().empty()) return;  // its exec comes at once
    if (parent && parent->agent) {
      node.agent = parent->agent;
    } else {
      MarkAgentAgain(node);
    }
  }

  // A process whose place or container has changed.
  void PlaceAgain(ProcessNode& node) {
    node.above = AgentAbove(node);
    const ProcessNode* parent = ParentInHop(node);
    const bool is_fork = node.agent && node.agent->process != node.process.key();
    if (is_fork && parent && parent->agent) {
      node.agent = parent->agent;
    } else {
      MarkAgentAgain(node);
    }
  }

  // The names of a container came: its image may make agents.
  void PlaceContainer(CgroupId container) {
    std::vector<ProcessNode*> inside;
    for (auto& [key, node] : processes) {
      if (node.container == container) inside.push_back(&node);
    }
    std::ranges::sort(inside, {}, [](const ProcessNode* node) { return node->process.key(); });
    for (ProcessNode* node : inside) PlaceAgain(*node);
  }

  ProcessReference ReferenceTo(ProcessKey key) {
    if (!key.known()) return {};
    if (const auto node = processes.find(key); node != processes.end()) {
      return {key, std::string(node->second.process.exe())};
    }
    const ProcessInfo* known = proc.Find(key, now_ns);
    return {key, known ? known->exe : ""};
  }

  // The process of an actor, made when it is new. nullptr: the table is full of live ones.
  ProcessNode* NodeOf(const Actor& actor) {
    return NodeOf(actor, [&] { return FirstInfo(actor); });
  }

  // The same; a new one gets what `first_info` returns.
  template <typename FirstInfo>
  ProcessNode* NodeOf(const Actor& actor, const FirstInfo& first_info) {
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

  // Before its first exec a process runs what its parent runs.
  ProcessInfo FirstInfo(const Actor& actor) {
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

  void MoveToHop(ProcessNode& node, const Actor& actor) {
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
    node.chain_id = actor.chain_id;
    if (actor.hop_id == 0) return;
    HopNode& hop = HopOf(actor);
    ++hop.processes;
    if (node.alive) ++hop.live_processes;
  }

  // The hop an actor is in. One whose record was lost is known by its id only: nothing is guessed.
  HopNode& HopOf(const Actor& actor) {
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

  // Room for one process more. `hop` is the one it is in: that may be about to lose its last one.
  bool MakeRoomFor(HopId hop) {
    const auto pinned = hops.find(hop);
    if (pinned != hops.end()) ++pinned->second.processes;
    const bool made = MakeRoom();
    if (pinned != hops.end()) --pinned->second.processes;
    return made;
  }

  bool MakeRoom() {
    while (processes.size() >= options.max_processes) {
      if (EvictOne()) continue;
      ++evicted;
      return false;
    }
    return true;
  }

  // Ended ones only, oldest first; before all others those that nothing kept comes from, so that
  // what lives still shows its way. False: all that is kept lives.
  bool EvictOne() {
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

  bool Evict(ProcessKey key) {
    Forget(key);
    ++evicted;
    return true;
  }

  void ForgetEndedBefore(std::deque<std::pair<uint64_t, ProcessKey>>& queue, uint64_t now_ns_in) {
    while (!queue.empty() && queue.front().first + options.ended_grace_ns <= now_ns_in) {
      const ProcessKey key = queue.front().second;
      queue.pop_front();
      Forget(key);
    }
  }

  void Forget(ProcessKey key) {
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

  // A stem without its last child is the next to go.
  void DropChildOf(ProcessKey key) {
    const auto parent = processes.find(key);
    if (parent == processes.end()) return;
    ProcessNode& node = parent->second;
    if (--node.kept_children > 0 || !node.is_stem) return;
    node.is_stem = false;
    ended.emplace_front(node.ended_boot_ns, key);
  }

  bool Unused(HopId id, const HopNode& hop) const {
    return hop.processes == 0 && !children.contains(id);
  }

  // Up the chain: a parent may have waited only for this one.
  void DropHopIfUnused(HopId id) {
    while (id != 0) {
      const auto place = hops.find(id);
      if (place == hops.end() || !Unused(id, place->second)) return;
      const HopId parent = place->second.data.hop.parent_id;
      hops.erase(place);
      forgotten.push_back(id);
      if (const auto count = children.find(parent); count != children.end()) {
        if (--count->second == 0) children.erase(count);
      }
      id = parent;
    }
  }

  // Hops that no process was ever kept for (the table was full), or that all have left.
  void DropUnusedHops() {
    std::vector<HopId> unused;
    for (const auto& [id, hop] : hops) {
      if (Unused(id, hop)) unused.push_back(id);
    }
    for (const HopId id : unused) {
      DropHopIfUnused(id);
      ++evicted;
    }
  }

  // An event with all but its process and workload.
  Event Base(EventType type, uint64_t boot_ns, const Actor& actor) {
    Event event;
    event.type = type;
    event.boot_ns = boot_ns;
    event.chain_id = actor.chain_id;
    event.hop_id = actor.hop_id;
    event.cause_hop_id = actor.cause_hop_id;
    event.depth = actor.depth;
    event.origin = actor.origin;
    event.confidence = actor.confidence;
    event.parent = ReferenceTo(actor.parent);
    return event;
  }

  // An event of the process as it is known; `node`: its own, if there is one.
  Event EventOf(EventType type, uint64_t boot_ns, const Actor& actor, const ProcessNode* node) {
    Event event = Base(type, boot_ns, actor);
    if (node) {
      event.process = node->process.Unpack();
      event.workload = *node->workload;
    } else {
      event.process = FirstInfo(actor);
      event.workload = WorkloadOf(actor.container_cgroup_id);
    }
    return event;
  }

  // The hop and those above it, unless they were published before; parents first.
  void Publish(HopId id, std::vector<Event>& events) {
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

  // An event, and before it the hops that it is the first to refer to.
  std::vector<Event> AfterItsHops(Event&& event) {
    std::vector<Event> events;
    Publish(event.hop_id, events);
    events.push_back(std::move(event));
    return events;
  }

  Event HopEvent(const HopNode& node) {
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

  bool Visible(const Actor& actor) const {
    return options.node_scope || actor.container_cgroup_id != 0 || actor.flags.in_pod_chain;
  }

  std::vector<Event> Apply(const HopRecord& record) {
    if (record.id == 0) return {};
    if (record.kind == HopKind::kTcpRemote && (record.detail & kOutgoingHop) != 0) {
      return ApplyOutgoing(record);
    }
    const AgentPlacePtr above = AgentBefore(record);
    if (record.entered) NodeOf(record.actor);  // may make a node for the hop, or drop others
    HopNode& hop = Take(record);
    if (!hop.above) hop.above = above;
    if (const auto node = processes.find(record.actor.self);
        record.entered && node != processes.end()) {
      hop.data.hop.to.process.key = record.actor.self;
      PlaceAgain(node->second);
    }
    hop.data.hop = InfoOf(record);
    std::vector<Event> events;
    if (Visible(record.actor)) Publish(record.id, events);
    return events;
  }

  // Told again, as from the hop table after a restart, it is the same hop.
  HopNode& Take(const HopRecord& record) {
    HopNode& hop = hops[record.id];
    if (!hop.announced && record.parent_id != 0) {
      hop.data.hop.parent_id = record.parent_id;
      ++children[record.parent_id];
    }
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

  // A known hop among the known processes: who led to it, and which agents run in it.
  void PlaceInHop(const HopRecord& record, const std::vector<ProcessNode*>& inside) {
    HopNode& hop = hops[record.id];
    hop.above = AgentBefore(record);
    hop.data.hop = InfoOf(record);
    for (ProcessNode* node : inside) {
      PlaceAgain(*node);
      TakeLogin(*node);
    }
  }

  // A program runs in a hop that an ssh server accepted: the first one that its session's process
  // started shows who logged in. True: now it is known.
  bool TakeLogin(const ProcessNode& node) {
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

  // Known hops that nobody is in.
  void LeaveLater(uint64_t now_boot_ns) {
    leave_boot_ns = now_boot_ns + options.ended_grace_ns;
    for (const auto& [id, hop] : hops) {
      if (Unused(id, hop)) leaving.push_back(id);
    }
  }

  // The agent that a hop comes from: not that one whose own process went through it.
  AgentPlacePtr AgentBefore(const HopRecord& record) {
    if (!record.entered || record.from != record.actor.self) return AgentAt(record.from);
    const auto node = processes.find(record.from);
    return node == processes.end() ? nullptr : node->second.above;
  }

  // A connection that leads to another node. Nothing of it runs here, so that no process would ever
  // take it away: it hangs on the hop that it leaves. The actor is as the kernel kept it, not a
  // task.
  std::vector<Event> ApplyOutgoing(const HopRecord& record) {
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

  // Lives as long as the process that connected.
  ChainHop WithLife(ChainHop outgoing) const {
    const auto from = processes.find(outgoing.hop.from.process.key);
    outgoing.alive = from != processes.end() && from->second.alive;
    return outgoing;
  }

  std::string NodeName(uint32_t id) const {
    const auto name = options.peer_nodes.find(id);
    return name == options.peer_nodes.end() ? "" : name->second;
  }

  std::vector<Event> Apply(const GuardRecord& record) {
    Event event = EventOf(EventType::kTamper, record.time_ns, record.actor, NodeOf(record.actor));
    TamperInfo tamper;
    tamper.what = WordOf(record.target);
    tamper.detail = GuardText(record);
    event.tamper = std::move(tamper);
    return {event};
  }

  std::vector<Event> Apply(const TamperRecord& record) {
    Event event;
    event.type = EventType::kTamper;
    event.boot_ns = record.time_ns;
    event.confidence = Confidence::kExact;
    event.workload = WorkloadOf(record.container_cgroup_id);
    SocketInfo socket;
    socket.family = FamilyName(record.local.family);
    socket.local = ToString(record.local);
    socket.peer = ToString(record.peer);
    socket.type = SocketTypeName(1);
    event.socket = std::move(socket);
    TamperInfo tamper;
    tamper.what = WordOf(record.reason);
    tamper.node = NodeName(record.node);
    tamper.claimed_hop_id = record.claimed_hop_id;
    tamper.claimed_pid = record.claimed_pid;
    tamper.detail = TamperText(record, tamper.node);
    event.tamper = std::move(tamper);
    return {event};
  }

  HopInfo InfoOf(const HopRecord& record) {
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
      info.remote =
          RemoteInfo{NodeName(record.remote_node), record.remote_hop_id, record.remote_pid};
    }
    info.evidence = EvidenceOf(record, info.to.workload, info.remote ? &*info.remote : nullptr);
    info.detail = DetailOf(record);
    info.candidates = record.candidates;
    return info;
  }

  // What an exec leaves as it was.
  static ProcessInfo LastingInfo(const Actor& actor) {
    ProcessInfo info;
    info.key = actor.self;
    info.pre_existing = actor.flags.pre_existing;
    return info;
  }

  static ProcessInfo TakeInfo(ExecRecord& record) {
    ProcessInfo info = LastingInfo(record.actor);
    info.exe = std::move(record.exe.value);
    info.argv = std::move(record.argv);
    info.argv_truncated = record.argv_truncated || record.argv_unreadable;
    info.cwd = std::move(record.cwd.value);
    info.uid = record.actor.uid;
    info.gid = record.actor.gid;
    info.auid = record.actor.auid;
    info.tty = TtyName(record.tty);
    return info;
  }

  std::vector<Event> Apply(ExecRecord&& record) {
    const Actor& actor = record.actor;
    ProcessInfo info = TakeInfo(record);
    ProcessNode* node = NodeOf(actor, [&] { return LastingInfo(actor); });
    Event event = Base(EventType::kExec, record.time_ns, actor);
    if (node) {
      info.pre_existing = node->process.pre_existing();
      MarkAgent(*node, info);
      node->process = PackedProcess(info);
      // The hop was told when the server took the connection; it is told again, with who it is.
      if (TakeLogin(*node)) hops[node->hop_id].published = false;
    }
    // The first program of a hop names where the hop leads to.
    const auto hop = hops.find(actor.hop_id);
    if (hop != hops.end() && hop->second.data.hop.to.process.key == actor.self) {
      hop->second.data.hop.to.process = info;
    }
    event.process = std::move(info);
    event.workload = node ? *node->workload : WorkloadOf(actor.container_cgroup_id);
    return AfterItsHops(std::move(event));
  }

  // A process as /proc shows it.
  ProcessNode* TakeLive(const Actor& actor, ProcessInfo& info) {
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

  std::vector<Event> Apply(const ExitRecord& record) {
    ProcessNode* node = NodeOf(record.actor);
    Event event = EventOf(EventType::kExit, record.time_ns, record.actor, node);
    event.exit = ExitInfo{record.code, record.signal, record.core_dumped, record.run_ns};
    if (node) {
      node->exit = *event.exit;
      if (node->alive) End(*node, record.time_ns);
    }
    return AfterItsHops(std::move(event));
  }

  // A live process has ended.
  void End(ProcessNode& node, uint64_t boot_ns) {
    node.alive = false;
    node.ended_boot_ns = boot_ns;
    ended.emplace_back(boot_ns, node.process.key());
    --live;
    if (const auto hop = hops.find(node.hop_id); hop != hops.end()) {
      --hop->second.live_processes;
      DropAgent(hop->second, node.process.key());
    }
  }

  std::vector<Event> Apply(const SocketRecord& record) {
    Event event =
        EventOf(TypeOf(record.operation), record.time_ns, record.actor, NodeOf(record.actor));
    SocketInfo socket;
    const AddressFamily family =
        record.local.family == AddressFamily::kNone ? record.peer.family : record.local.family;
    socket.family = FamilyName(family);
    socket.local = ToString(record.local);
    socket.peer = ToString(record.peer);
    if (family == AddressFamily::kUnix) {
      const bool peer_side = record.operation == SocketOperation::kConnect;
      (peer_side ? socket.peer : socket.local) = record.unix_path.value;
    }
    socket.type = SocketTypeName(record.socket_type);
    socket.result = record.result;
    socket.peer_hop_id = record.peer_hop_id;
    if (record.peer_process.known()) socket.peer_process = ReferenceTo(record.peer_process);
    // Who listens is known, not yet who will accept: it is in the listener's hop as long as it is
    // nobody else's. So it shows whose ssh-agent is asked: that of the login that sshd serves.
    const auto listener = processes.find(record.peer_process);
    if (socket.peer_hop_id == 0 && listener != processes.end()) {
      socket.peer_hop_id = listener->second.hop_id;
    }
    event.socket = std::move(socket);
    return AfterItsHops(std::move(event));
  }

  std::vector<Event> Apply(const VerdictRecord& record) {
    ProcessNode* node = NodeOf(record.actor);
    Event event = EventOf(EventType::kVerdict, record.time_ns, record.actor, node);
    VerdictInfo verdict;
    verdict.mode = record.mode;
    verdict.action = record.action;
    verdict.stage = record.stage;
    verdict.applied = record.applied;
    verdict.generation = record.generation;
    verdict.subject = record.subject.value.empty() ? ToString(record.peer) : record.subject.value;
    verdict.argv = record.argv;
    verdict.subject_truncated = record.subject.truncated;
    verdict.argv_truncated = record.argv_truncated;
    if (record.error != 0) verdict.error = Error::FromErrno("apply", -record.error).message;
    rule(record.generation, record.rule, verdict);
    if (record.access)
      event.file = FileInfo{record.subject.value, std::string(AccessWord(record.access))};
    constexpr size_t kKeptVerdicts = 64;  // for a process that tries for ever; the events have all
    if (node) {
      std::vector<VerdictInfo>& verdicts =
          node->verdicts ? *node->verdicts : node->verdicts.emplace();
      if (verdicts.size() < kKeptVerdicts) verdicts.push_back(verdict);
    }
    event.verdict = std::move(verdict);
    return AfterItsHops(std::move(event));
  }

  std::vector<Event> Apply(const CgroupRecord&) { return {}; }
};

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
  chain.id = found->chain_id;
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
    if (at && at->chain_id != chain.id) at = nullptr;
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
    info.chain_id = node.chain_id;
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
