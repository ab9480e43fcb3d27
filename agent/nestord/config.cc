// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/config.h"

#include <bit>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "agent/base/strict_yaml.h"
#include "agent/nestord/agents_config.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;
constexpr milliseconds kHour = std::chrono::hours(1);

void ReadSeconds(StrictYaml& yaml, const YAML::Node& map, const char* key, milliseconds low,
                 milliseconds high, seconds& out) {
  milliseconds value = out;
  yaml.ReadDuration(map, key, low, high, value);
  out = std::chrono::duration_cast<seconds>(value);
}

// Ring sizes are powers of two (the kernel's rule).
void ReadRing(StrictYaml& yaml, const YAML::Node& map, const char* key, uint32_t& out) {
  uint64_t bytes = out;
  yaml.ReadSize(map, key, 64 * kKiB, kGiB, bytes);
  if (!std::has_single_bit(bytes)) {
    yaml.Fail(map[key], "must be a power of two, such as " +
                            std::to_string(std::bit_ceil(bytes) / kKiB) + "KiB");
    return;
  }
  out = static_cast<uint32_t>(bytes);
}

template <typename T>
void ReadCount(StrictYaml& yaml, const YAML::Node& map, const char* key, uint64_t low,
               uint64_t high, T& out) {
  uint64_t value = out;
  yaml.ReadNumber(map, key, low, high, value);
  out = static_cast<T>(value);
}

// A BPF file system takes no names with dots.
void ReadPinDirectory(StrictYaml& yaml, const YAML::Node& node, std::string& out) {
  yaml.Read(node, "pinDirectory", out);
  const bool absolute = out.starts_with('/') && out.size() > 1 && !out.ends_with('/');
  if (!out.empty() && (!absolute || out.find('.') != std::string::npos)) {
    yaml.Fail(node["pinDirectory"],
              "must be an absolute path without dots, such as `/sys/fs/bpf/nestor`, or empty");
  }
}

void ReadKernel(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  if (!yaml.Map(
          node, "kernel",
          {"controlRing", "bulkRing", "wakeupLatency", "hopTable", "pinDirectory", "keepOnExit"})) {
    return;
  }
  ProbeOptions& options = config.probes;
  ReadPinDirectory(yaml, node, options.pin_directory);
  yaml.Read(node, "keepOnExit", config.keep_on_exit);
  ReadCount(yaml, node, "hopTable", 1024, 10'000'000, options.hop_table_entries);
  ReadRing(yaml, node, "controlRing", options.control_ring_bytes);
  ReadRing(yaml, node, "bulkRing", options.bulk_ring_bytes);
  yaml.ReadDuration(node, "wakeupLatency", milliseconds(1), milliseconds(1000),
                    options.wakeup_latency);
}

void ReadRuntime(StrictYaml& yaml, const YAML::Node& node, WorkloadOptions& options) {
  if (!yaml.Map(
          node, "runtime",
          {"endpoint", "cgroupRoot", "timeout", "relistInterval", "maxPending", "removedGrace"})) {
    return;
  }
  yaml.Read(node, "endpoint", options.cri_endpoint);
  if (!options.cri_endpoint.empty() && !options.cri_endpoint.starts_with("unix:///")) {
    yaml.Fail(node["endpoint"],
              "must be a unix socket, such as "
              "`unix:///run/containerd/containerd.sock`, or empty");
  }
  yaml.Read(node, "cgroupRoot", options.cgroup_root);
  yaml.ReadDuration(node, "timeout", milliseconds(10), seconds(60), options.cri_timeout);
  ReadSeconds(yaml, node, "relistInterval", seconds(1), kHour, options.relist_interval);
  ReadCount(yaml, node, "maxPending", 1, 1'000'000, options.max_pending);
  ReadSeconds(yaml, node, "removedGrace", seconds(0), 24 * kHour, options.removed_grace);
}

void ReadChains(StrictYaml& yaml, const YAML::Node& node, ChainOptions& options) {
  if (!yaml.Map(node, "chains", {"maxProcesses", "maxHops", "keepEnded"})) return;
  ReadCount(yaml, node, "maxProcesses", 1024, 10'000'000, options.max_processes);
  ReadCount(yaml, node, "maxHops", 256, 1'000'000, options.max_hops);
  milliseconds keep(options.ended_grace_ns / 1'000'000);
  yaml.ReadDuration(node, "keepEnded", milliseconds(0), 24 * kHour, keep);
  options.ended_grace_ns = static_cast<uint64_t>(keep.count()) * 1'000'000;
}

void ReadEvents(StrictYaml& yaml, const YAML::Node& node, EventLogOptions& options) {
  if (!yaml.Map(node, "events", {"keep", "keepBytes"})) return;
  ReadCount(yaml, node, "keep", 100, 100'000'000, options.max_events);
  uint64_t bytes = options.max_bytes;
  yaml.ReadSize(node, "keepBytes", kMiB, 64 * kGiB, bytes);
  options.max_bytes = bytes;
}

void ReadMask(StrictYaml& yaml, const YAML::Node& node, MaskOptions& options) {
  if (!yaml.Map(node, "mask", {"builtin", "patterns"})) return;
  yaml.Read(node, "builtin", options.enabled_builtin);
  yaml.Read(node, "patterns", options.extra_patterns);
  if (Result<Masker> masker = Masker::Create(options); !masker) {
    yaml.Fail(node["patterns"], masker.error().message);
  }
}

void ReadApi(StrictYaml& yaml, const YAML::Node& node, ApiOptions& options) {
  if (!yaml.Map(node, "api", {"socket", "maxStreams"})) return;
  yaml.Read(node, "socket", options.socket_path);
  constexpr size_t kLongestSocketPath = 90;  // sun_path has 108 bytes
  if (!options.socket_path.starts_with('/') || options.socket_path.size() > kLongestSocketPath) {
    yaml.Fail(node["socket"], "must be an absolute path of at most 90 bytes");
  }
  ReadCount(yaml, node, "maxStreams", 1, 1024, options.max_streams);
}

void ReadLog(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  if (!yaml.Map(node, "log", {"level"})) return;
  yaml.ReadWord(node, "level", {"trace", "debug", "info", "warn", "error"}, config.log_level);
}

void ReadPolicies(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  if (!yaml.Map(node, "policies", {"directory"})) return;
  yaml.Read(node, "directory", config.policy_directory);
}

void ReadAll(StrictYaml& yaml, const YAML::Node& root, Config& config) {
  if (!yaml.Map(root, "nestord.yaml",
                {"node", "scope", "log", "kernel", "runtime", "chains", "agents", "events", "mask",
                 "policies", "api"})) {
    return;
  }
  yaml.Read(root, "node", config.node);
  std::string scope = "pods";
  yaml.ReadWord(root, "scope", {"pods", "node"}, scope);
  config.chain.node_scope = config.probes.node_scope = scope == "node";
  if (root["log"]) ReadLog(yaml, root["log"], config);
  if (root["kernel"]) ReadKernel(yaml, root["kernel"], config);
  if (root["runtime"]) ReadRuntime(yaml, root["runtime"], config.workload);
  if (root["chains"]) ReadChains(yaml, root["chains"], config.chain);
  if (root["agents"]) ReadAgents(yaml, root["agents"], config.agents);
  if (root["events"]) ReadEvents(yaml, root["events"], config.events);
  if (root["mask"]) ReadMask(yaml, root["mask"], config.mask);
  if (root["policies"]) ReadPolicies(yaml, root["policies"], config);
  if (root["api"]) ReadApi(yaml, root["api"], config.api);
}

}  // namespace

std::variant<Config, std::vector<Error>> ParseConfig(const std::string& text,
                                                     const std::string& file) {
  StrictYaml yaml(file);
  Config config;
  const std::vector<YAML::Node> documents = yaml.Parse(text);
  if (documents.size() > 1) yaml.Fail(documents[1], "one configuration only");
  if (documents.size() == 1 && !documents[0].IsNull()) ReadAll(yaml, documents[0], config);
  if (!yaml.errors().empty()) return yaml.errors();
  return config;
}

std::variant<Config, std::vector<Error>> ReadConfig(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return std::vector{Error::FromErrno("read " + file, errno)};
  return ParseConfig(text.str(), file);
}

}  // namespace nestor
