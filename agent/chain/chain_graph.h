// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_CHAIN_GRAPH_H_
#define NESTOR_AGENT_CHAIN_CHAIN_GRAPH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/agent_match.h"
#include "agent/event/event.h"
#include "agent/event/record.h"

namespace nestor {

struct ChainOptions {
  // Live and recently ended. Ended ones go first, oldest first, before all others those that
  // nothing kept comes from; a live one never goes. Without room a new one is told of, not kept.
  size_t max_processes = 114'688;
  size_t max_hops = 32'768;
  uint64_t ended_grace_ns = 300'000'000'000;  // how long ended processes and chains stay visible
  bool node_scope = false;                    // publish hops that never touch a pod, too
  int64_t realtime_offset_ns = 0;  // CLOCK_REALTIME - CLOCK_BOOTTIME, for times of chains
  std::unordered_map<uint32_t, std::string> peer_nodes;  // names of other nodes by NodeId
};

struct Explanation {
  // Hops origin → process, and behind them those that the process itself opened to other nodes;
  // processes = ancestry of the process inside them.
  ChainInfo chain;
  ChainProcess process;
};

// A process that an earlier nestord followed; `info` from /proc.
struct KnownProcess {
  Actor actor;
  ProcessInfo info;
};

// What the chain stage asks of the workload stage: which container is this cgroup? Never blocks.
using WorkloadLookup = std::function<Workload(CgroupId container_cgroup)>;
// exe, argv, cwd... of a process that no record described (started before nestord, or its record
// was lost); from /proc.
using ProcessLookup = std::function<std::optional<ProcessInfo>(ProcessKey key)>;
// Fills policy, rule and message of a verdict that the kernel gave by a rule's number.
using RuleLookup = std::function<void(uint64_t generation, uint32_t rule, VerdictInfo& verdict)>;
// Which known agent a process is, by what it runs and where.
using AgentLookup = std::function<AgentMatch(const ProcessInfo& process, const Workload& workload)>;
// The pids above a process that lives, its parent's first; from /proc. For forks that never ran a
// program of their own: no record tells of them, but of what they start.
using AncestorLookup = std::function<std::vector<uint32_t>(ProcessKey key)>;
// Who logged in, by an ssh server's process and the first program of its session; from /proc.
using LoginLookup = std::function<std::optional<LoginInfo>(ProcessKey server, ProcessKey program)>;

// All hops and processes nestord knows, from records. Thread: pipeline only.
class ChainGraph {
 public:
  ChainGraph(ChainOptions options, WorkloadLookup workload, ProcessLookup process, RuleLookup rule,
             AgentLookup agent, AncestorLookup ancestors, LoginLookup login = {});
  ~ChainGraph();

  // Takes one record in and returns the events to publish, in order: usually one; none for a hop
  // that does not concern a pod (it is kept, and published before the first event that refers to
  // it); seq and time_ns are left 0 for the pipeline.
  std::vector<Event> Apply(Record record);
  // A process that ran before nestord (from Probes::Seed, names from /proc). Publishes an exec
  // event, marked pre_existing, for processes of pods.
  std::vector<Event> ApplySeed(const Actor& actor, ProcessInfo info);
  // What an earlier nestord knew, as the kernel kept it: all hops, older ones first, and the
  // processes that live in them. These keep their hop; hops are told of, execs are not told again.
  // Hops that nobody is in any more stay as long as if their last process ended now.
  std::vector<Event> ApplyKnown(const std::vector<HopRecord>& hops,
                                std::vector<KnownProcess> processes, uint64_t now_boot_ns);
  // Names of a container became known: workload events for what was published without them; state
  // is updated.
  std::vector<Event> ApplyWorkload(CgroupId container_cgroup, const Workload& workload);
  // The processes that live as far as records told. O(processes).
  std::vector<ProcessKey> Live() const;
  // A process is gone although its exit record never came (the ring was full, which is counted): it
  // ends without a code. Unknown or ended ones are left alone. now_boot_ns: CLOCK_BOOTTIME.
  void EndUnseen(ProcessKey key, uint64_t now_boot_ns);
  // Drops what is older than its grace. now_boot_ns: CLOCK_BOOTTIME.
  void Reap(uint64_t now_boot_ns);

  // The hops that were dropped since the last call.
  std::vector<HopId> TakeForgotten();

  // Chains with at least one published hop. Parents before children. O(processes).
  std::vector<ChainInfo> Chains(bool include_ended) const;
  Result<Explanation> Explain(uint32_t pid) const;
  // The agents among the processes of published hops, in order of start; a fork of one that runs no
  // program of its own is not told apart. O(processes).
  std::vector<AgentInfo> Agents(bool include_ended) const;

  size_t live_processes() const;
  size_t live_chains() const;
  uint64_t evicted() const;  // entries dropped because of a bound

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_CHAIN_GRAPH_H_
