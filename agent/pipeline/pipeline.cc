// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline.h"

#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <unordered_map>
#include <utility>

#include "agent/kernel/decode.h"
#include "agent/pipeline/ask_queue.h"
#include "agent/pipeline/losses.h"
#include "agent/pipeline/policies_in_force.h"

namespace nestor {
namespace {

constexpr std::chrono::milliseconds kTurn{100};        // longest wait for records
constexpr uint64_t kUpkeepIntervalNs = 1'000'000'000;  // reaping, loss reports
constexpr uint64_t kSweepIntervalNs = 60'000'000'000;  // from one look at all processes to the next
constexpr size_t kSweptAtATime = 512;                  // of one upkeep: a look takes some 10 us
constexpr size_t kMostUntold = 64;                     // reports of losses that no reader has yet

uint64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

int64_t RealtimeOffset() {
  return static_cast<int64_t>(Now(CLOCK_REALTIME)) - static_cast<int64_t>(Now(CLOCK_BOOTTIME));
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t Microseconds(std::chrono::microseconds time) {
  return static_cast<uint64_t>(time.count());
}

std::string KernelWord(const Inheritance& inheritance) {
  if (inheritance.continued) return kKernelKept;
  return inheritance.lost ? kKernelReplaced : kKernelNothing;
}

Capability NodeKey(const SignerInfo& signer) {
  return {"node-key",
          signer.lasting,
          false,
          signer.lasting ? signer.directory + ", key " + signer.key_id.substr(0, 16) : signer.fault,
          "heartbeats are signed with a key of this start only, and the next start cannot tell of "
          "the time before it",
          signer.lasting ? ""
                         : "let record.directory be a directory of nestord's user (mode 0700) that "
                           "outlives it"};
}

std::string KernelRelease() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "";
}

}  // namespace

struct Pipeline::State {
  State(PipelineOptions given, Probes& probes_in, WorkloadIndex& workloads_in,
        const ProcReader& proc_in, AgentRecogniser agents_in, Masker masker_in)
      : options(std::move(given)),
        probes(probes_in),
        workloads(workloads_in),
        proc(proc_in),
        agents(std::move(agents_in)),
        masker(std::move(masker_in)),
        log(options.log),
        rule_names(options.boot_id, options.kept_names, probes.inheritance().continued),
        policies(probes, options.ended_containers, rule_names.earlier()),
        asks([this] { probes.events().Wake(); }),
        graph(
            WithOffset(options.chain), [this](CgroupId cgroup) { return workloads.Lookup(cgroup); },
            [this](ProcessKey key) { return proc.Read(key); },
            [this](uint64_t generation, uint32_t rule, VerdictInfo& verdict) {
              policies.FillVerdict(generation, rule, verdict);
            },
            [this](const ProcessInfo& process, const Workload& workload) {
              return agents.Recognise(process, workload);
            },
            [this](ProcessKey key) { return proc.Ancestors(key); },
            [this](ProcessKey server, ProcessKey program) { return proc.Login(server, program); }) {
  }

  static ChainOptions WithOffset(ChainOptions chain) {
    chain.realtime_offset_ns = RealtimeOffset();
    return chain;
  }

  void OnBytes(std::span<const std::byte> bytes) {
    ++records;
    Result<Record> record = Decode(bytes);
    if (!record) {
      losses.Add("decode", 1);
      last_decode_error = record.error().message;
      return;
    }
    if (const auto* cgroup = std::get_if<CgroupRecord>(&*record)) OnCgroup(*cgroup);
    if (std::holds_alternative<TamperRecord>(*record)) ++options_refused;
    Publish(graph.Apply(*std::move(record)));
  }

  void OnCgroup(const CgroupRecord& record) {
    if (!record.removed) {
      workloads.Seen(record.id, record.name);
      return;
    }
    workloads.Removed(record.id);
    if (Status status = policies.Ended(record.id); !status) losses.Add("policy-container", 1);
  }

  void Publish(std::vector<Event> events) {
    for (Event& event : events) {
      event.seq = ++last_seq;
      if (event.boot_ns == 0) event.boot_ns = Now(CLOCK_BOOTTIME);
      event.time_ns = event.boot_ns + static_cast<uint64_t>(realtime_offset_ns);
      if (event.verdict) policies.Count(*event.verdict, event.time_ns);
      log.Append(masker.Mask(std::move(event)));
    }
  }

  void TakeNames() {
    for (const NamedContainer& container : workloads.TakeNamed()) {
      if (Status status = ApplyNames(container); !status) losses.Add("policy-container", 1);
    }
  }

  // Error: its rules could not be loaded; the names count all the same.
  Status ApplyNames(const NamedContainer& container) {
    Status loaded;
    // Without labels it stays under the rules for unknown containers: they are stricter, as a rule,
    // than those for one that has no labels.
    if (container.labelled) loaded = policies.NameContainer(container);
    // A name that comes after the end is for chains that left the container.
    if (loaded && container.removed) loaded = policies.Ended(container.cgroup);
    std::vector<Event> events = graph.ApplyWorkload(container.cgroup, container.workload);
    NoteDisagreement(container);
    if (!events.empty()) ++named_late;
    // Events with the wrong name may be out.
    if (!container.hook_said.empty() && events.empty())
      events.push_back(NamesOf(container.workload));
    Publish(std::move(events));
    return loaded;
  }

  void NoteDisagreement(const NamedContainer& container) {
    if (container.hook_said.empty()) return;
    ++names_corrected;
    const Workload& says = container.workload;
    last_disagreement = "container " + says.container_id + ": its hook called it " +
                        container.hook_said + ", the runtime " + says.namespace_name + "/" +
                        says.pod + "/" + says.container + " (pod " + says.pod_uid +
                        "), which counts";
  }

  static Event NamesOf(const Workload& workload) {
    Event event;
    event.type = EventType::kWorkload;
    event.workload = workload;
    event.confidence = Confidence::kExact;
    return event;
  }

  // Before the container's first program: what the kernel judges it by is written at the return.
  Result<bool> Prepare(PreparedContainer container) {
    TakeNames();
    const NamedContainer named = workloads.Prepare(std::move(container));
    if (Status status = ApplyNames(named); !status) return status.error();
    return named.labelled;
  }

  // What is due once a second.
  void Upkeep() {
    const uint64_t now = Now(CLOCK_BOOTTIME);
    if (now - last_upkeep_ns < kUpkeepIntervalNs) return;
    last_upkeep_ns = now;
    realtime_offset_ns = RealtimeOffset();
    probes.SetRealtimeOffset(realtime_offset_ns);
    Sweep(now);
    graph.Reap(now);
    probes.ForgetHops(graph.TakeForgotten());
    SweepNames(now);
    ReportLosses(now);
  }

  void SweepNames(uint64_t now) {
    if (now - last_names_sweep_ns < kSweepIntervalNs) return;
    last_names_sweep_ns = now;
    // What stays is over all the same, and room that is then missing is a loss: dns-names.
    const Status swept = probes.ForgetOldNames();
    last_names_error = swept ? "" : swept.error().message;
  }

  // Ends processes whose exit record was lost: else they would live in the tree for ever.
  void Sweep(uint64_t now) {
    if (to_sweep.empty() && now - last_sweep_ns >= kSweepIntervalNs && proc.ShowsNode()) {
      to_sweep = graph.Live();
      last_sweep_ns = now;
    }
    for (size_t looked = 0; looked < kSweptAtATime && !to_sweep.empty(); ++looked) {
      if (!proc.Exists(to_sweep.back())) {
        graph.EndUnseen(to_sweep.back(), now);
      }
      to_sweep.pop_back();
    }
  }

  void ReportLosses(uint64_t now) {
    std::vector<LossRecord> of_kernel = probes.TakeLosses();
    for (const LossRecord& loss : of_kernel) losses.Pass(loss);
    losses.SetTotal("chain-table", graph.evicted());
    losses.SetTotal("ended-containers", policies.forgotten());
    losses.SetTotal("container-prepare", workloads.hook_counts().failed);
    losses.SetTotal("workload-lookup", workloads.dropped_lookups());
    losses.SetTotal("container-identity", workloads.doubted());
    if (options.heart) losses.SetTotal("heartbeat-file", options.heart->unkept());
    std::vector<Event> events;
    for (const LossRecord& loss : losses.Take(now)) {
      Event event;
      event.type = EventType::kLoss;
      event.boot_ns = loss.time_ns;
      event.confidence = Confidence::kExact;
      event.loss = LossInfo{loss.where, loss.count, loss.total, {}};
      events.push_back(std::move(event));
    }
    if (events.empty()) return;
    Publish(std::move(events));
    // Each has all totals that nobody knows of yet, so one that is left out delays them only.
    if (untold_losses.size() >= kMostUntold) untold_losses.pop_back();
    untold_losses.push_back({last_seq, std::move(of_kernel)});
  }

  // A start that is killed before a reader has its events leaves its losses to the next one.
  void ConfirmLosses(uint64_t settled) {
    while (!untold_losses.empty() && untold_losses.front().seq <= settled) {
      probes.ConfirmLosses(untold_losses.front().losses);
      untold_losses.pop_front();
    }
  }

  // Off the way of events: once an interval.
  void Beat(bool final) {
    if (!options.heart) return;
    const Moment now = ThisMoment();
    if (!final && !options.heart->Due(now.boot_ns)) return;
    uint64_t lost = 0;
    for (const auto& [where, total] : losses.totals()) lost += total;
    Event event = Of(EventType::kHeartbeat, now);
    event.heartbeat = options.heart->Beat(now, last_seq + 1, lost, final);
    Publish({std::move(event)});
  }

  // The first event of each start.
  void TellGap() {
    if (!options.heart) return;
    const Moment now = ThisMoment();
    uint64_t lost = 0;
    for (const LossRecord& loss : probes.TakeLosses()) lost += loss.count;
    Event event = Of(EventType::kGap, now);
    event.gap = options.heart->MakeGap(now, KernelWord(probes.inheritance()), lost);
    Publish({std::move(event)});
    const std::string suspicion = options.heart->Suspicion();
    if (suspicion.empty()) return;
    Event tamper = Of(EventType::kTamper, now);
    tamper.tamper = TamperInfo{};
    tamper.tamper->what = "heartbeat-file";
    tamper.tamper->detail = "the last heartbeat in " + options.signer.directory +
                            " is not as nestord left it: " + suspicion;
    Publish({std::move(tamper)});
  }

  Moment ThisMoment() const {
    const uint64_t boot_ns = Now(CLOCK_BOOTTIME);
    return {boot_ns, boot_ns + static_cast<uint64_t>(realtime_offset_ns)};
  }

  static Event Of(EventType type, Moment now) {
    Event event;
    event.type = type;
    event.boot_ns = now.boot_ns;
    event.confidence = Confidence::kExact;
    return event;
  }

  // A process that runs, as /proc shows it.
  ProcessInfo InfoOf(const Actor& actor) const {
    ProcessInfo info;
    if (auto read = proc.Read(actor.self)) {
      info = std::move(*read);
    } else {
      info.exe = actor.comm;  // gone since: its name is all that is left
    }
    info.uid = actor.uid;
    info.gid = actor.gid;
    info.auid = actor.auid;
    return info;
  }

  // Servers that listened before the programs were attached.
  void PrepareListeners() {
    const std::vector<UniqueFd> open = proc.NetworkNamespaces();
    std::vector<int> namespaces;
    namespaces.reserve(open.size());
    for (const UniqueFd& one : open) namespaces.push_back(one.get());
    auto prepared = probes.PrepareListeners(namespaces);
    if (!prepared) listeners_error = prepared.error().message;
  }

  Status Seed() {
    auto seeded = probes.Seed();
    if (!seeded) return seeded.error();
    // All their hops are in the table; the ring, which tells what came later, is read after this.
    auto hops = probes.Hops();
    if (!hops) return hops.error();
    std::vector<KnownProcess> known;
    for (const SeededProcess& process : *seeded) {
      if (process.known) known.push_back({process.actor, InfoOf(process.actor)});
    }
    Publish(graph.ApplyKnown(*hops, std::move(known), Now(CLOCK_BOOTTIME)));
    for (const SeededProcess& process : *seeded) {
      if (!process.known) Publish(graph.ApplySeed(process.actor, InfoOf(process.actor)));
    }
    return {};
  }

  Result<size_t> Turn(std::chrono::milliseconds wait) {
    auto count = probes.events().Poll(wait, [this](auto bytes) { OnBytes(bytes); });
    TakeNames();
    Upkeep();
    Beat(false);
    asks.AnswerAll();
    log.Flush();
    const uint64_t settled = log.settled();
    probes.events().Note(last_seq, settled);
    ConfirmLosses(settled);
    return count;
  }

  NodeStatus MakeStatus() const;

  PipelineOptions options;
  Probes& probes;
  WorkloadIndex& workloads;
  const ProcReader& proc;
  AgentRecogniser agents;
  Masker masker;
  EventLog log;
  NameKeeper rule_names;
  PoliciesInForce policies;
  AskQueue asks;
  ChainGraph graph;
  Losses losses;
  uint64_t last_seq = 0;
  uint64_t records = 0;
  uint64_t options_refused = 0;
  uint64_t named_late = 0;       // containers that events without names were told of
  uint64_t names_corrected = 0;  // containers that a hook had named otherwise than the CRI
  std::string last_disagreement;
  std::string listeners_error;
  uint64_t started_ns = Now(CLOCK_REALTIME);
  uint64_t last_upkeep_ns = 0;
  uint64_t last_sweep_ns = 0;
  uint64_t last_names_sweep_ns = 0;
  std::vector<ProcessKey> to_sweep;
  int64_t realtime_offset_ns = RealtimeOffset();
  std::string last_decode_error;
  std::string last_names_error;
  // Totals of the kernel side as of one event.
  struct ToldLosses {
    uint64_t seq;
    std::vector<LossRecord> losses;
  };
  std::deque<ToldLosses> untold_losses;
  bool running = false;
  std::atomic<uint64_t> loaded_generation{0};
};

NodeStatus Pipeline::State::MakeStatus() const {
  NodeStatus status;
  status.ready = running;
  status.node = options.node;
  status.boot_id = options.boot_id;
  status.started_ns = started_ns;
  status.kernel_release = KernelRelease();
  status.scope = options.chain.node_scope ? "node" : "pods";
  status.last_seq = last_seq;
  status.live_processes = graph.live_processes();
  status.live_chains = graph.live_chains();
  status.resident_bytes = ResidentBytes();
  status.policy_generation = policies.generation();
  status.capabilities = probes.capabilities();
  status.capabilities.push_back(
      {"cri", workloads.cri_available(), false, workloads.cri_detail(),
       "containers have ids but no names, and rules for named ones wait",
       workloads.cri_available() ? "" : "mount the runtime's socket, or set runtime.endpoint"});
  if (!options.signer.key_id.empty()) status.capabilities.push_back(NodeKey(options.signer));
  status.signer = options.signer;
  status.policies = policies.Loaded();
  status.losses = losses.totals();
  status.counters = {
      {"records", records},
      {"events", last_seq},
      {"events-kept", log.kept()},
      {"events-aged-out", log.dropped()},
      {"secrets-masked", masker.masked_count()},
      {"heartbeats", options.heart ? options.heart->beats() : 0},
      {"options-refused", options_refused},
      {"workload-lookups-failed", workloads.failed_lookups()},
      {"containers-prepared", workloads.hook_counts().ready},
      {"containers-prepared-names-only", workloads.hook_counts().named},
      {"containers-prepare-failed", workloads.hook_counts().failed},
      {"containers-named", workloads.name_wait().count},
      {"containers-named-late", named_late},
      {"containers-name-corrected", names_corrected},
      {"container-name-wait-us", Microseconds(workloads.name_wait().total)},
      {"container-name-wait-longest-us", Microseconds(workloads.name_wait().longest)}};
  status.warnings = probes.warnings();
  for (std::string& error : policies.Errors()) status.warnings.push_back(std::move(error));
  if (!listeners_error.empty()) {
    status.warnings.push_back(listeners_error +
                              ": some servers do not know their clients on other nodes");
  }
  if (!last_disagreement.empty()) status.warnings.push_back(last_disagreement);
  if (const std::string fault = rule_names.fault(); !fault.empty())
    status.warnings.push_back(fault);
  if (!last_decode_error.empty()) status.warnings.push_back(last_decode_error);
  if (!last_names_error.empty()) status.warnings.push_back(last_names_error);
  return status;
}

Pipeline::Pipeline(PipelineOptions options, Probes& probes, WorkloadIndex& workloads,
                   const ProcReader& proc, AgentRecogniser agents, Masker masker)
    : state_(std::make_unique<State>(std::move(options), probes, workloads, proc, std::move(agents),
                                     std::move(masker))) {
  state_->loaded_generation = probes.inheritance().policy_generation;
}

Pipeline::~Pipeline() = default;

Status Pipeline::Start(std::shared_ptr<const PolicySet> policies) {
  // Names first: rules of an earlier nestord are in force, and those that follow must fit at once.
  state_->TakeNames();
  state_->rule_names.Keep(policies->compiled);
  if (Status status = state_->policies.Install(std::move(policies)); !status) return status;
  state_->loaded_generation = state_->policies.generation();
  if (state_->probes.inheritance().lost) state_->losses.Add("pinned-state", 1);
  state_->probes.SetRealtimeOffset(state_->realtime_offset_ns);
  if (Status status = state_->probes.Attach(); !status) return status;
  state_->TellGap();
  state_->PrepareListeners();
  if (Status status = state_->Seed(); !status) return status;
  if (auto count = state_->Turn(std::chrono::milliseconds(0)); !count) return count.error();
  state_->running = true;
  return {};
}

Status Pipeline::Run() {
  Status result;
  while (!stopping_) {
    if (auto count = state_->Turn(kTurn); !count) {
      result = count.error();
      break;
    }
  }
  // What the kernel wrote up to now is still delivered.
  state_->last_upkeep_ns = 0;
  if (auto count = state_->Turn(std::chrono::milliseconds(0)); !count && result) {
    result = count.error();
  }
  if (result) state_->Beat(true);
  state_->running = false;
  state_->asks.Close();
  state_->log.Close();
  if (result) state_->probes.events().Finish();
  return result;
}

uint64_t Pipeline::next_generation() const { return state_->loaded_generation + 1; }

Status Pipeline::SetPolicies(std::shared_ptr<const PolicySet> set) {
  // Here: records go on being read meanwhile.
  state_->rule_names.Keep(set->compiled);
  state_->probes.LoadProgramsFor(set->compiled);
  auto installed =
      state_->asks.Ask<bool>([state = state_.get(), set = std::move(set)]() -> Result<bool> {
        if (Status status = state->policies.Install(set); !status) return status.error();
        state->loaded_generation = state->policies.generation();
        return true;
      });
  if (!installed) return installed.error();
  return {};
}

Status Pipeline::SetPeerKeys(const std::vector<PeerKey>& keys) {
  return state_->probes.SetPeerKeys(keys);
}

Result<bool> Pipeline::PrepareContainer(PreparedContainer container) {
  return state_->asks.Ask<bool>([state = state_.get(), container = std::move(container)] {
    return state->Prepare(container);
  });
}

Result<Masked<std::vector<ChainInfo>>> Pipeline::Chains(bool include_ended) {
  using Answer = Masked<std::vector<ChainInfo>>;
  return state_->asks.Ask<Answer>([state = state_.get(), include_ended]() -> Result<Answer> {
    return state->masker.Mask(state->graph.Chains(include_ended));
  });
}

Result<Masked<std::vector<AgentInfo>>> Pipeline::Agents(bool include_ended) {
  using Answer = Masked<std::vector<AgentInfo>>;
  return state_->asks.Ask<Answer>([state = state_.get(), include_ended]() -> Result<Answer> {
    return state->masker.Mask(state->graph.Agents(include_ended));
  });
}

Result<Masked<ChainInfo>> Pipeline::Explain(uint32_t pid) {
  using Answer = Masked<ChainInfo>;
  return state_->asks.Ask<Answer>([state = state_.get(), pid]() -> Result<Answer> {
    auto explanation = state->graph.Explain(pid);
    if (!explanation) return explanation.error();
    return state->masker.Mask(std::move(explanation->chain));
  });
}

NodeStatus Pipeline::GetStatus() {
  auto status = state_->asks.Ask<NodeStatus>(
      [state = state_.get()]() -> Result<NodeStatus> { return state->MakeStatus(); });
  if (status) return std::move(*status);
  NodeStatus unknown;
  unknown.node = state_->options.node;
  unknown.boot_id = state_->options.boot_id;
  unknown.warnings.push_back(status.error().message);
  return unknown;
}

const EventLog& Pipeline::events() const { return state_->log; }

}  // namespace nestor
