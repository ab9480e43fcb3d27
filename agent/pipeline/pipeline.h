// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_PIPELINE_H_
#define NESTOR_AGENT_PIPELINE_PIPELINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/agents/recogniser.h"
#include "agent/api/node.h"
#include "agent/base/result.h"
#include "agent/beat/heart.h"
#include "agent/chain/chain_graph.h"
#include "agent/kernel/probes.h"
#include "agent/mask/masker.h"
#include "agent/pipeline/kept_names.h"
#include "agent/policy/policy_set.h"
#include "agent/proc/proc_reader.h"
#include "agent/store/event_log.h"
#include "agent/workload/workload_index.h"

namespace nestor {

struct PipelineOptions {
  std::string node;     // the node's name as Kubernetes knows it
  std::string boot_id;  // /proc/sys/kernel/random/boot_id
  ChainOptions chain;
  EventLogOptions log;
  size_t ended_containers = 1024;  // known by name, for chains that left them
  std::shared_ptr<Heart> heart;    // null: no heartbeats
  SignerInfo signer;               // of the heart, for the status
  KeptNames kept_names;            // of rules
};

// The only place that names two neighbouring stages: records in, masked events out. One thread
// (Run) owns all state; others ask through Node.
class Pipeline : public Node {
 public:
  // All arguments but options, agents and masker outlive the pipeline.
  Pipeline(PipelineOptions options, Probes& probes, WorkloadIndex& workloads,
           const ProcReader& proc, AgentRecogniser agents, Masker masker);
  ~Pipeline() override;

  // Loads policies, attaches the programs and takes in what runs already, in this order: rules hold
  // from the first event on, and no process falls between. Thread: the one that will call Run.
  Status Start(std::shared_ptr<const PolicySet> policies);
  // Reads until Stop. Error: the source of records broke. Thread: one.
  Status Run();
  // Ends Run within one turn (at most 100 ms). Async-signal-safe. Thread: any.
  void Stop() { stopping_ = true; }

  // Swaps the policy set; `set` must be of generation next_generation(). Error: the old set stays.
  Status SetPolicies(std::shared_ptr<const PolicySet> set);
  uint64_t next_generation() const;
  // Replaces the keys of other nodes. Error: those before stay. Thread: that of SetPolicies.
  Status SetPeerKeys(const std::vector<PeerKey>& keys);

  // A container that waits to run its first program: its names count from now on, and its rules are
  // in the kernel at the return. False: its labels are not known, so it stays under the rules for
  // unknown containers. Error: they could not be loaded, or no answer in 5 s. Thread: any but
  // Run's.
  Result<bool> PrepareContainer(PreparedContainer container);

  Result<Masked<std::vector<ChainInfo>>> Chains(bool include_ended) override;
  Result<Masked<ChainInfo>> Explain(uint32_t pid) override;
  Result<Masked<std::vector<AgentInfo>>> Agents(bool include_ended) override;
  NodeStatus GetStatus() override;
  const EventLog& events() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::atomic<bool> stopping_{false};
};

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_PIPELINE_H_
