// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/config.h"

#include <bit>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "agent/base/strict_yaml.h"
#include "agent/nestord/agents_config.h"
#include "agent/policy/address.h"

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

void ReadProtect(StrictYaml& yaml, const YAML::Node& node, Protect& out) {
  std::string word = "refuse";
  yaml.ReadWord(node, "protect", {"off", "report", "refuse"}, word);
  out = word == "off" ? Protect::kOff : word == "report" ? Protect::kReport : Protect::kRefuse;
}

void ReadKernel(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  if (!yaml.Map(
          node, "kernel",
          {"controlRing", "verdictRing", "bulkRing", "wakeupLatency", "hopTable", "names",
           "namesPerPod", "rememberNames", "pinDirectory", "keepOnExit", "protect", "without"})) {
    return;
  }
  ProbeOptions& options = config.probes;
  ReadPinDirectory(yaml, node, options.pin_directory);
  yaml.Read(node, "keepOnExit", config.keep_on_exit);
  ReadProtect(yaml, node, options.protect);
  yaml.Read(node, "without", options.without);
  ReadCount(yaml, node, "hopTable", 1024, 10'000'000, options.hop_table_entries);
  ReadCount(yaml, node, "names", 256, 1'000'000, options.names);
  ReadCount(yaml, node, "namesPerPod", 16, 1'000'000, options.names_per_pod);
  if (options.names_per_pod > options.names) {
    yaml.Fail(node["namesPerPod"] ? node["namesPerPod"] : node["names"],
              "namesPerPod, " + std::to_string(options.names_per_pod) +
                  ", is more than names, which is for all pods together: " +
                  std::to_string(options.names));
  }
  yaml.ReadDuration(node, "rememberNames", milliseconds(1000), 24 * kHour, options.remember_names);
  ReadRing(yaml, node, "controlRing", options.control_ring_bytes);
  ReadRing(yaml, node, "verdictRing", options.verdict_ring_bytes);
  ReadRing(yaml, node, "bulkRing", options.bulk_ring_bytes);
  yaml.ReadDuration(node, "wakeupLatency", milliseconds(1), milliseconds(1000),
                    options.wakeup_latency);
}

constexpr size_t kLongestSocketPath = 90;  // sun_path has 108 bytes

void ReadHookSocket(StrictYaml& yaml, const YAML::Node& node, std::string& out) {
  yaml.Read(node, "hookSocket", out);
  if (out.empty()) return;
  if (!out.starts_with('/') || out.size() > kLongestSocketPath) {
    yaml.Fail(node["hookSocket"], "must be an absolute path of at most 90 bytes, or empty");
  }
}

void ReadRuntime(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  WorkloadOptions& options = config.workload;
  if (!yaml.Map(node, "runtime",
                {"endpoint", "cgroupRoot", "timeout", "relistInterval", "maxPending",
                 "removedGrace", "hookSocket", "hookQuestions", "hookSpeakTime"})) {
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
  ReadHookSocket(yaml, node, config.hook.socket);
  ReadCount(yaml, node, "hookQuestions", 1, 64, config.hook.questions);
  yaml.ReadDuration(node, "hookSpeakTime", milliseconds(10), milliseconds(60'000),
                    config.hook.speak_time);
}

void ReadBytes(StrictYaml& yaml, const YAML::Node& map, const char* key, uint64_t low,
               uint64_t high, size_t& out) {
  uint64_t bytes = out;
  yaml.ReadSize(map, key, low, high, bytes);
  out = bytes;
}

void ReadChains(StrictYaml& yaml, const YAML::Node& node, ChainOptions& options) {
  if (!yaml.Map(node, "chains", {"maxProcesses", "maxHops", "keepEnded"})) return;
  ReadCount(yaml, node, "maxProcesses", 1024, 10'000'000, options.max_processes);
  ReadCount(yaml, node, "maxHops", 256, 1'000'000, options.max_hops);
  milliseconds keep(options.ended_grace_ns / 1'000'000);
  yaml.ReadDuration(node, "keepEnded", milliseconds(0), 24 * kHour, keep);
  options.ended_grace_ns = static_cast<uint64_t>(keep.count()) * 1'000'000;
}

// Programs, which have no setting, keep at least a tenth.
void ReadParts(StrictYaml& yaml, const YAML::Node& node, EventLogOptions& options) {
  constexpr size_t kMostTogether = 90;
  size_t together = 0;
  const std::pair<const char*, size_t*> parts[] = {
      {"connectionsPercent", &options.connections_percent},
      {"hopsPercent", &options.hops_percent},
      {"verdictsPercent", &options.verdicts_percent},
      {"recordsPercent", &options.records_percent}};
  for (const auto& [key, part] : parts) {
    ReadCount(yaml, node, key, 1, kMostTogether, *part);
    together += *part;
  }
  if (together <= kMostTogether) return;
  for (const auto& [key, part] : parts) {
    if (!node[key]) continue;
    yaml.Fail(node[key], "the four parts are " + std::to_string(together) +
                             " percent together; at most 90, for programs have the rest");
    return;
  }
}

void ReadEvents(StrictYaml& yaml, const YAML::Node& node, EventLogOptions& options) {
  if (!yaml.Map(node, "events",
                {"keep", "keepBytes", "connectionsPercent", "hopsPercent", "verdictsPercent",
                 "recordsPercent"})) {
    return;
  }
  ReadCount(yaml, node, "keep", 100, 100'000'000, options.max_events);
  ReadBytes(yaml, node, "keepBytes", kMiB, 64 * kGiB, options.max_bytes);
  ReadParts(yaml, node, options);
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
  if (!yaml.Map(node, "policies", {"directory", "endedContainers", "argvBytes", "wayHops"})) return;
  yaml.Read(node, "directory", config.policy_directory);
  ReadCount(yaml, node, "endedContainers", 0, 65536, config.ended_containers);
  uint64_t argv_bytes = config.probes.argv_bytes;
  yaml.ReadSize(node, "argvBytes", 4096, kMostArgvBytes, argv_bytes);
  ReadCount(yaml, node, "wayHops", 16, kMostWayHops, config.probes.way_hops);
  config.probes.argv_bytes = static_cast<uint32_t>(argv_bytes);
}

constexpr size_t kMaxPeerNetworks = 4096;

void ReadNetworks(StrictYaml& yaml, const YAML::Node& node, Config& config, Peer& peer) {
  yaml.ForEach(node, "networks", [&](const YAML::Node& item) {
    auto cidr = item.IsScalar() ? ParseCidr(item.Scalar())
                                : Error::InvalidArgument("must be a network, as 10.0.0.0/24");
    if (!cidr) return yaml.Fail(item, cidr.error().message);
    peer.networks.push_back(*cidr);
    size_t count = peer.networks.size();
    for (const Peer& other : config.probes.peers) {
      count += other.networks.size();
      for (const Cidr& network : other.networks) {
        if (network == *cidr) yaml.Fail(item, "stands under another peer, too");
      }
    }
    if (count == kMaxPeerNetworks + 1) yaml.Fail(item, "more than 4096 networks of peers");
  });
  if (peer.networks.empty()) yaml.Fail(node, "a peer needs networks");
}

void ReadPeer(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  if (!yaml.Map(node, "a peer", {"node", "networks"})) return;
  Peer peer;
  yaml.Read(node, "node", peer.node);
  if (peer.node.size() > 253) yaml.Fail(node["node"], "a node's name has at most 253 bytes");
  ReadNetworks(yaml, node, config, peer);
  if (!peer.node.empty()) {
    const auto [known, fresh] = config.chain.peer_nodes.emplace(NodeId(peer.node), peer.node);
    if (!fresh && known->second == peer.node) yaml.Fail(node["node"], "stands twice");
    if (!fresh && known->second != peer.node) {
      yaml.Fail(node["node"], "cannot be told from `" + known->second +
                                  "` in an answer: leave one of the two names out");
    }
  }
  config.probes.peers.push_back(std::move(peer));
}

void ReadPeers(StrictYaml& yaml, const YAML::Node& root, Config& config) {
  yaml.ForEach(root, "peers", [&](const YAML::Node& item) { ReadPeer(yaml, item, config); });
  yaml.Read(root, "peerKeys", config.peer_key_files);
  const size_t keys = config.peer_key_files.size();
  if (config.probes.peers.empty() != (keys == 0)) {
    yaml.Fail(keys == 0 ? root["peers"] : root["peerKeys"], "peers and peerKeys go together");
  }
  if (keys > 2) yaml.Fail(root["peerKeys"], "at most two: one signs, both are accepted");
  for (const std::string& file : config.peer_key_files) {
    if (!file.starts_with('/')) yaml.Fail(root["peerKeys"], "must be absolute paths of files");
  }
}

void ReadRecord(StrictYaml& yaml, const YAML::Node& node, Config& config) {
  constexpr size_t kLongest = 255;
  if (!yaml.Map(node, "record", {"directory", "heartbeat"})) return;
  std::string& directory = config.record_directory;
  yaml.Read(node, "directory", directory);
  if (!directory.empty() && (directory.size() < 2 || directory.size() > kLongest ||
                             !directory.starts_with('/') || directory.ends_with('/'))) {
    yaml.Fail(node["directory"],
              "must be an absolute path such as `/var/lib/nestor`, of at most 255 bytes, or empty");
  }
  yaml.ReadDuration(node, "heartbeat", seconds(1), std::chrono::minutes(5), config.heartbeat);
}

void ReadAll(StrictYaml& yaml, const YAML::Node& root, Config& config) {
  if (!yaml.Map(root, "nestord.yaml",
                {"node", "scope", "log", "kernel", "runtime", "chains", "agents", "events", "mask",
                 "policies", "record", "api", "peers", "peerKeys"})) {
    return;
  }
  yaml.Read(root, "node", config.node);
  std::string scope = "pods";
  yaml.ReadWord(root, "scope", {"pods", "node"}, scope);
  config.chain.node_scope = config.probes.node_scope = scope == "node";
  if (root["log"]) ReadLog(yaml, root["log"], config);
  if (root["kernel"]) ReadKernel(yaml, root["kernel"], config);
  if (root["runtime"]) ReadRuntime(yaml, root["runtime"], config);
  if (root["chains"]) ReadChains(yaml, root["chains"], config.chain);
  if (root["agents"]) ReadAgents(yaml, root["agents"], config.agents);
  if (root["events"]) ReadEvents(yaml, root["events"], config.events);
  if (root["mask"]) ReadMask(yaml, root["mask"], config.mask);
  if (root["policies"]) ReadPolicies(yaml, root["policies"], config);
  if (root["record"]) ReadRecord(yaml, root["record"], config);
  if (root["api"]) ReadApi(yaml, root["api"], config.api);
  ReadPeers(yaml, root, config);
  config.probes.cgroup_root = config.workload.cgroup_root;
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
