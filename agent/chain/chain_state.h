// SPDX-License-Identifier: Apache-2.0
// The inside of ChainGraph: its tables, and what is done with them, each part in a file of its own.
#ifndef NESTOR_AGENT_CHAIN_CHAIN_STATE_H_
#define NESTOR_AGENT_CHAIN_CHAIN_STATE_H_

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/chain/agent_place.h"
#include "agent/chain/chain_graph.h"
#include "agent/chain/packed_process.h"
#include "agent/chain/proc_cache.h"
#include "agent/chain/workload_pool.h"

namespace nestor {

// Whether a record says what became of an ambiguous hop.
inline bool IsSettled(const HopRecord& record) { return (record.detail & kSettledHop) != 0; }

// There is one for each process of the node's pods: a byte here is a hundred kilobytes.
struct ProcessNode {
  PackedProcess process;
  ProcessKey parent;
  HopId hop_id = 0;
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
  bool settled = false;  // it was ambiguous before
  bool moved = false;    // it is settled, or below such a one: the kernel's words may be older
  AgentPlacePtr above;   // that who led here is, or ran below
  std::vector<AgentPlacePtr> agents;  // that live in it
  std::deque<ChainHop> outgoing;      // from here to other nodes, oldest first
};

struct ChainGraph::State {
  State(ChainOptions options_in, WorkloadLookup workload_in, ProcessLookup lookup,
        RuleLookup rule_in, AgentLookup agent_in, AncestorLookup ancestors_in,
        LoginLookup login_in);

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
  // The kept hops that name this one as their parent; apart, for a parent's own record can be lost.
  std::unordered_map<HopId, std::unordered_set<HopId>> children;
  // When each ended, oldest first. Stems are those that were passed over when room was made, for
  // a process that is kept came from them; one may stand here after it is gone.
  std::deque<std::pair<uint64_t, ProcessKey>> ended, stems;
  std::unordered_set<CgroupId> pending;  // published without their names
  std::vector<HopId> forgotten;          // dropped and not taken yet
  std::vector<HopId> leaving;            // known and unused at the start; dropped at leave_boot_ns
  uint64_t leave_boot_ns = 0;
  size_t live = 0;
  uint64_t evicted = 0;

  // Processes (processes.cc).

  // As it is told to others.
  ChainProcess Shown(const ProcessNode& node) const;
  uint64_t RealTime(uint64_t boot_ns) const;
  Workload WorkloadOf(CgroupId container);
  WorkloadPtr SharedWorkloadOf(CgroupId container);
  // What is known of a process: the table, else /proc.
  std::optional<ProcessInfo> Known(ProcessKey key);
  // The same; of an unknown one, its name only.
  ProcessInfo InfoOf(ProcessKey key, const std::string& comm);
  ProcessReference ReferenceTo(ProcessKey key);
  // The process of an actor, made when it is new. nullptr: the table is full of live ones.
  ProcessNode* NodeOf(const Actor& actor);
  // The same; a new one gets what `first_info` returns.
  ProcessNode* NodeOf(const Actor& actor, const std::function<ProcessInfo()>& first_info);
  // Before its first exec a process runs what its parent runs.
  ProcessInfo FirstInfo(const Actor& actor);
  void MoveToHop(ProcessNode& node, const Actor& actor);
  // A process as /proc shows it.
  ProcessNode* TakeLive(const Actor& actor, ProcessInfo& info);
  // A live process has ended.
  void End(ProcessNode& node, uint64_t boot_ns);

  // Hops (hops.cc).

  // The hop an actor is in. One whose record was lost is known by its id only: nothing is guessed.
  HopNode& HopOf(const Actor& actor);
  std::vector<Event> Apply(const HopRecord& record);
  // Told again, as from the hop table after a restart, it is the same hop. What was said before it
  // was settled counts no longer.
  HopNode& Take(const HopRecord& record);
  void SetParent(HopNode& hop, HopId id, HopId parent);
  void DropChild(HopId parent, HopId child);
  // The chain that a hop is in; 0: the hop is not known.
  HopId ChainOf(HopId hop) const;
  // A known hop among the known processes: who led to it, and which agents run in it.
  void PlaceInHop(const HopRecord& record, const std::vector<ProcessNode*>& inside);
  // A program runs in a hop that an ssh server accepted: the first one that its session's process
  // started shows who logged in. True: now it is known.
  bool TakeLogin(const ProcessNode& node);
  // A connection that leads to another node. Nothing of it runs here, so that no process would ever
  // take it away: it hangs on the hop that it leaves. The actor is as the kernel kept it, not a
  // task.
  std::vector<Event> ApplyOutgoing(const HopRecord& record);
  // Lives as long as the process that connected.
  ChainHop WithLife(ChainHop outgoing) const;
  std::string NodeName(uint32_t id) const;
  HopInfo InfoOf(const HopRecord& record);
  // What a record says of its hop, unless more is known.
  void TakeInfo(HopNode& hop, const HopRecord& record);
  Event HopEvent(const HopNode& node);
  // The hop and those above it, unless they were published before; parents first.
  void Publish(HopId id, std::vector<Event>& events);
  // An event, and before it the hops that it is the first to refer to.
  std::vector<Event> AfterItsHops(Event&& event);

  // Ambiguous hops that turned out to be one of their candidates (settled.cc).

  // It and all below it change their chain, and are told again. Of a hop that nobody is in any more
  // nothing is made.
  std::vector<Event> ApplySettled(const HopRecord& record);
  // Below a hop that moved, what the kernel carries is from before: chain, depth, confidence.
  void FollowParent(HopNode& hop);
  // All below a hop, parents first; itself the first.
  std::vector<HopId> Below(HopId id) const;
  // The same for an event of a process there.
  void FollowHop(Event& event) const;

  // Known agents among them (agents.cc).

  // The agent that a process is or runs below; null: none.
  AgentPlacePtr AgentAt(ProcessKey key);
  const ProcessNode* ParentInHop(const ProcessNode& node) const;
  // Through its parent within a hop, through who led there from one hop to the next.
  AgentPlacePtr AgentAbove(const ProcessNode& node);
  AgentPlacePtr AgentAboveFork(ProcessKey fork, const HopNode& hop);
  // Its place among the agents of its hop; null: it is none, or none any more.
  void SetAgent(ProcessNode& node, AgentPlacePtr place);
  static void DropAgent(HopNode& hop, ProcessKey key);
  static void Show(const AgentPlacePtr& place, ProcessInfo& info);
  // An image stands for the first process of its container.
  bool IsEntrypoint(ProcessKey key, HopId hop) const;
  // What `info`, which the process now runs, makes of it.
  void MarkAgent(ProcessNode& node, ProcessInfo& info);
  // By what it is known to run.
  void MarkAgentAgain(ProcessNode& node);
  // A new process: before its exec it is its parent's agent, if that is one.
  void PlaceNew(ProcessNode& node);
  // A process whose place or container has changed.
  void PlaceAgain(ProcessNode& node);
  // The names of a container came: its image may make agents.
  void PlaceContainer(CgroupId container);
  // The agent that a hop comes from: not that one whose own process went through it.
  AgentPlacePtr AgentBefore(const HopRecord& record);

  // What goes when there is no room, or its time is over (retention.cc).

  // Room for one process more. `hop` is the one it is in: that may be about to lose its last one.
  bool MakeRoomFor(HopId hop);
  bool MakeRoom();
  // Ended ones only, oldest first; before all others those that nothing kept comes from, so that
  // what lives still shows its way. False: all that is kept lives.
  bool EvictOne();
  bool Evict(ProcessKey key);
  void ForgetEndedBefore(std::deque<std::pair<uint64_t, ProcessKey>>& queue, uint64_t now_ns_in);
  void Forget(ProcessKey key);
  // A stem without its last child is the next to go.
  void DropChildOf(ProcessKey key);
  bool Unused(HopId id, const HopNode& hop) const;
  // Up the chain: a parent may have waited only for this one.
  void DropHopIfUnused(HopId id);
  // Hops that no process was ever kept for (the table was full), or that all have left.
  void DropUnusedHops();
  // Known hops that nobody is in.
  void LeaveLater(uint64_t now_boot_ns);

  // What a record tells, as events (records.cc).

  // An event with all but its process and workload.
  Event Base(EventType type, uint64_t boot_ns, const Actor& actor);
  // An event of the process as it is known; `node`: its own, if there is one.
  Event EventOf(EventType type, uint64_t boot_ns, const Actor& actor, const ProcessNode* node);
  bool Visible(const Actor& actor) const;
  // What an exec leaves as it was.
  static ProcessInfo LastingInfo(const Actor& actor);
  static ProcessInfo TakeInfo(ExecRecord& record);
  std::vector<Event> Apply(ExecRecord&& record);
  std::vector<Event> Apply(const ExitRecord& record);
  std::vector<Event> Apply(const SocketRecord& record);
  std::vector<Event> Apply(const VerdictRecord& record);
  std::vector<Event> Apply(const GuardRecord& record);
  std::vector<Event> Apply(const TamperRecord& record);
  std::vector<Event> Apply(const CgroupRecord&);
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_CHAIN_STATE_H_
