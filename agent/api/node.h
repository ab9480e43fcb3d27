// SPDX-License-Identifier: Apache-2.0
// What the API shows; the pipeline provides it. All strings that come from pods are masked here
// already.
#ifndef NESTOR_AGENT_API_NODE_H_
#define NESTOR_AGENT_API_NODE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/capability.h"
#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "agent/store/event_log.h"

namespace nestor {

// What a rule, or all of a policy's, did since nestord started.
struct RuleHits {
  uint64_t verdicts = 0;
  uint64_t denials = 0;           // refused or killed
  uint64_t would_be_denials = 0;  // in audit mode
  uint64_t last_ns = 0;           // CLOCK_REALTIME; 0: never
};

struct LoadedRuleInfo {
  std::string name;
  std::string kind;
  std::string action;
  std::string severity;
  std::vector<std::string> tags;
  uint32_t line = 0;
  RuleHits hits;
};

struct LoadedPolicyInfo {
  std::string name;
  std::string file;
  std::string mode;
  uint32_t rules = 0;
  std::vector<std::string> unenforceable;
  uint32_t mode_line = 0;
  std::string selects;
  bool default_deny = false;
  RuleHits hits;
  std::vector<LoadedRuleInfo> details;
};

// With what heartbeats are signed.
struct SignerInfo {
  std::string directory;   // record.directory
  std::string key_id;      // empty: nothing is signed
  std::string public_key;  // PEM
  bool lasting = false;    // the key outlives nestord
  std::string fault;       // why not
};

struct NodeStatus {
  bool ready = false;
  std::string node;
  std::string boot_id;
  uint64_t started_ns = 0;  // CLOCK_REALTIME
  std::string kernel_release;
  std::string scope;
  uint64_t last_seq = 0;
  uint64_t live_processes = 0;
  uint64_t live_chains = 0;
  uint64_t resident_bytes = 0;
  uint64_t policy_generation = 0;
  std::vector<Capability> capabilities;
  std::vector<LoadedPolicyInfo> policies;
  std::vector<std::pair<std::string, uint64_t>> losses;
  std::vector<std::pair<std::string, uint64_t>> counters;
  std::vector<std::string> warnings;
  SignerInfo signer;
};

// Thread: any; answers come from the pipeline thread within one turn of its loop, or kUnavailable
// after 5 s.
class Node {
 public:
  virtual ~Node() = default;
  virtual Result<Masked<std::vector<ChainInfo>>> Chains(bool include_ended) = 0;
  // chain: the hops from the origin to the process, its ancestry inside them as processes (the
  // process itself is the last).
  virtual Result<Masked<ChainInfo>> Explain(uint32_t pid) = 0;
  virtual Result<Masked<std::vector<AgentInfo>>> Agents(bool include_ended) = 0;
  virtual NodeStatus GetStatus() = 0;
  virtual const EventLog& events() const = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_NODE_H_
