// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_CONFIG_H_
#define NESTOR_AGENT_NESTORD_CONFIG_H_

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "agent/agents/signature.h"
#include "agent/api/api_options.h"
#include "agent/base/result.h"
#include "agent/chain/chain_graph.h"
#include "agent/hook/hook_server_options.h"
#include "agent/kernel/probes.h"
#include "agent/mask/masker.h"
#include "agent/store/event_log.h"
#include "agent/workload/workload_index.h"

namespace nestor {

// /etc/nestor/nestord.yaml, every setting with its default; documented in deploy/nestord.yaml.
struct Config {
  std::string node;                // empty: $NODE_NAME, else the host name
  std::string log_level = "info";  // trace debug info warn error
  std::string policy_directory = "/etc/nestor/policies.d";
  size_t ended_containers = 1024;
  bool keep_on_exit = true;  // rules and chains go on in the kernel after an orderly end, too
  std::vector<std::string> peer_key_files;           // read apart: a secret has no place in here
  std::string record_directory = "/var/lib/nestor";  // empty: no key and no heartbeat is kept
  std::chrono::milliseconds heartbeat{30'000};
  ProbeOptions probes;
  HookServerOptions hook;
  WorkloadOptions workload;
  ChainOptions chain;
  AgentOptions agents;
  EventLogOptions events;
  MaskOptions mask;
  ApiOptions api;
};

// Reads a configuration's text; `file` is only named. All faults are collected, each with
// file:line:column, the reason and the nearest right spelling; with any of them nothing is taken.
// An empty text is the default configuration. Thread: any.
std::variant<Config, std::vector<Error>> ParseConfig(const std::string& text,
                                                     const std::string& file);

// The same from a file. A missing file is a fault: a mistyped path must not mean "defaults".
std::variant<Config, std::vector<Error>> ReadConfig(const std::string& file);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_CONFIG_H_
