// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "agent/agents/marks.h"
#include "agent/agents/recogniser.h"
#include "agent/api/server.h"
#include "agent/api/utf8.h"
#include "agent/beat/heart.h"
#include "agent/hook/preparer.h"
#include "agent/nestord/log.h"
#include "agent/nestord/peer_keys.h"
#include "agent/nestord/signing.h"
#include "agent/pipeline/pipeline.h"

namespace nestor {
namespace {

std::string NodeName(const Config& config) {
  if (!config.node.empty()) return config.node;
  if (const char* name = std::getenv("NODE_NAME"); name && *name) return name;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Reads the directory; what is wrong with a file is logged, the good ones count.
Result<std::shared_ptr<const PolicySet>> ReadPolicies(const std::string& directory,
                                                      uint64_t generation, const PolicySet* before,
                                                      const KnownAgents& agents) {
  auto set = LoadPolicySet(directory, generation, before, Today(), agents);
  if (!set) return set.error();
  for (const Error& error : set->errors) spdlog::error("policy file: {}", error.message);
  for (const std::string& warning : set->warnings) spdlog::warn("policy file: {}", warning);
  for (const PolicySummary& policy : set->policies) {
    spdlog::info("policy {}: {} rules, mode {}, from {}", policy.name, policy.rules,
                 Name(policy.mode), policy.file);
  }
  return std::make_shared<const PolicySet>(std::move(*set));
}

// They are made once, when a rule asks for some.
KnownAgents AgentsOf(const AgentOptions& options) {
  const auto made = std::make_shared<std::optional<Result<AgentMarks>>>();
  return [options, made]() -> Result<std::shared_ptr<const AgentMarks>> {
    if (!*made) *made = MakeAgentMarks(options);
    if (!**made) return (*made)->error();
    return std::shared_ptr<const AgentMarks>(made, &***made);
  };
}

// What a reload starts from.
struct InForce {
  std::string config_file;
  std::string policy_directory;
  std::shared_ptr<const PolicySet> policies;
  KnownAgents agents;
};

// Networks of peers need a restart, keys do not: else a rotation would cut chains.
void ReloadPeerKeys(Pipeline& pipeline, const Config& config) {
  if (config.peer_key_files.empty()) return;
  auto keys = ReadPeerKeys(config.peer_key_files);
  Status status = keys ? pipeline.SetPeerKeys(*keys) : Status(keys.error());
  if (!status) {
    spdlog::error("reload: {}; the peer keys stay as they were", status.error().message);
    return;
  }
  spdlog::info("{} peer keys read", keys->size());
}

void Reload(Pipeline& pipeline, InForce& in_force) {
  auto read = ReadConfig(in_force.config_file);
  if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
    for (const Error& error : *errors) spdlog::error("reload: {}", error.message);
    spdlog::error("reload: the settings stay as they were; policies are read anew");
  } else {
    const auto& config = std::get<Config>(read);
    SetUpLog(config.log_level);
    in_force.policy_directory = config.policy_directory;
    ReloadPeerKeys(pipeline, config);
  }
  auto policies = ReadPolicies(in_force.policy_directory, pipeline.next_generation(),
                               in_force.policies.get(), in_force.agents);
  if (!policies) {
    spdlog::error("reload: {}; the policies before stay in force", policies.error().message);
    return;
  }
  if (Status status = pipeline.SetPolicies(*policies); !status) {
    spdlog::error("reload: {}; the policies before stay in force", status.error().message);
    return;
  }
  in_force.policies = std::move(*policies);
  spdlog::info(
      "reloaded; settings other than policies, peer keys and the log level need a restart");
}

// An exception of a policy that ended yesterday counts no longer. Once a day: what fails today is
// said once.
void ReloadWhenStale(Pipeline& pipeline, InForce& in_force, Day& last_tried) {
  const Day today = Today();
  if (today == last_tried || !in_force.policies->stale_on) return;
  if (today < *in_force.policies->stale_on) return;
  last_tried = today;
  spdlog::info("an exception of a policy has ended: the policies are read anew");
  Reload(pipeline, in_force);
}

// Waits for signals until the pipeline ends; stops it on SIGTERM or SIGINT.
void ServeSignals(const sigset_t& signals, InForce in_force, Pipeline& pipeline,
                  const std::atomic<bool>& ended) {
  const timespec patience{0, 200'000'000};
  Day last_tried{};
  while (!ended) {
    ReloadWhenStale(pipeline, in_force, last_tried);
    const int number = sigtimedwait(&signals, nullptr, &patience);
    if (number == SIGHUP) Reload(pipeline, in_force);
    if (number != SIGTERM && number != SIGINT) continue;
    spdlog::info("stopping");
    pipeline.Stop();
    return;
  }
}

void LogCapabilities(const std::vector<Capability>& capabilities) {
  for (const Capability& capability : capabilities) {
    if (capability.available) {
      spdlog::debug("{}: {}", capability.name, capability.detail);
    } else {
      spdlog::warn("{} is missing ({}): {}. {}", capability.name, capability.detail,
                   capability.effect, capability.fix);
    }
  }
}

void LogStart(const Probes& probes, const Config& config) {
  for (const std::string& warning : probes.warnings()) spdlog::warn("{}", warning);
  if (probes.inheritance().continued) {
    spdlog::info("goes on with the chains in {}", config.probes.pin_directory);
  }
}

void LogSigning(const Signing& signing) {
  if (signing.directory) return;
  spdlog::warn("node-key is missing ({}): heartbeats are signed with a key of this start only",
               signing.fault);
}

uint64_t BootTimeNs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// When an earlier nestord has ended, and its last heartbeat is there.
std::shared_ptr<Heart> MakeHeart(const Config& config, uint64_t instance, Signing& signing) {
  constexpr std::chrono::seconds kPatience{3};
  HeartOptions options{ToUtf8(NodeName(config)), BootId(), instance,
                       static_cast<uint64_t>(config.heartbeat.count()) * 1'000'000};
  return StartHeart(std::move(options), signing, kPatience, [](const Error& error) {
    spdlog::error("the heartbeat is not kept: {}", error.message);
  });
}

// Beside the node's key, where that has a directory.
KeptNames KeepRules(const Signing& signing) {
  if (!signing.directory) return {};
  return {signing.directory->ReadRules(),
          [directory = signing.directory](const std::string& bytes) {
            return directory->WriteRules(bytes);
          }};
}

// Null when no socket is set.
Result<std::unique_ptr<HookServer>> ServeHooks(const HookServerOptions& options,
                                               const Preparer& preparer) {
  if (options.socket.empty()) return std::unique_ptr<HookServer>();
  return HookServer::Start(options,
                           [&](std::string_view state, std::chrono::milliseconds patience) {
                             HookAnswer answer = preparer.Prepare(state, patience);
                             if (answer.outcome == HookOutcome::kFailed) {
                               spdlog::warn("a container starts unprepared: {}", answer.reason);
                             }
                             return answer;
                           });
}

}  // namespace

Status RunDaemon(const Config& config, const std::string& config_file) {
  const sigset_t signals = BlockSignals();
  const uint64_t instance = BootTimeNs();
  auto masker = Masker::Create(config.mask);
  if (!masker) return masker.error();
  auto agents = AgentRecogniser::Create(config.agents);
  if (!agents) return agents.error();
  auto keys = ReadPeerKeys(config.peer_key_files);
  if (!keys) return keys.error();
  ProbeOptions probe_options = config.probes;
  probe_options.peer_keys = std::move(*keys);
  probe_options.node = NodeName(config);
  // The settings' file only: what else is in its directory may be anybody's.
  probe_options.guarded_paths = {config.policy_directory, config_file, config.record_directory};
  auto signing = OpenSigning(config.record_directory);
  if (!signing) return signing.error();
  auto probes = Probes::Open(probe_options);
  if (!probes) return probes.error();
  WorkloadIndex workloads(config.workload);
  if (Status status = workloads.Start(); !status) {
    spdlog::warn("container names are not known yet: {}", status.error().message);
  }
  const ProcReader proc;
  PipelineOptions options{NodeName(config),
                          BootId(),
                          config.chain,
                          config.events,
                          config.ended_containers,
                          MakeHeart(config, instance, *signing),
                          Describe(*signing, config.record_directory),
                          KeepRules(*signing)};
  LogSigning(*signing);
  Pipeline pipeline(std::move(options), **probes, workloads, proc, std::move(*agents),
                    std::move(*masker));
  const KnownAgents known_agents = AgentsOf(config.agents);
  auto policies =
      ReadPolicies(config.policy_directory, pipeline.next_generation(), nullptr, known_agents);
  if (!policies) return policies.error();
  if (Status status = pipeline.Start(*policies); !status) return status;
  LogCapabilities((*probes)->capabilities());
  LogStart(**probes, config);

  auto server = ApiServer::Start(config.api, pipeline);
  if (!server) return server.error();
  const Preparer preparer(workloads, config.workload.cgroup_root, [&](PreparedContainer container) {
    return pipeline.PrepareContainer(std::move(container));
  });
  auto hooks = ServeHooks(config.hook, preparer);
  if (!hooks) return hooks.error();
  (*server)->SetServing(true);
  spdlog::info("nestord {} watches; api on unix:{}", NESTOR_VERSION, config.api.socket_path);

  std::atomic<bool> ended{false};
  std::jthread signal_thread([&] {
    ServeSignals(signals, {config_file, config.policy_directory, *policies, known_agents}, pipeline,
                 ended);
  });
  const Status result = pipeline.Run();
  ended = true;
  hooks->reset();
  (*server)->SetServing(false);
  (*server)->Stop();
  if (result && !config.keep_on_exit) (*probes)->Remove();
  spdlog::info("stopped");
  return result;
}

}  // namespace nestor
