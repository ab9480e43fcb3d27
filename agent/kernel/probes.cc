// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>

#include "agent/base/nearest.h"
#include "agent/base/unique_fd.h"
#include "agent/kernel/decode.h"
#include "agent/kernel/features.h"
#include "agent/kernel/guard_table.h"
#include "agent/kernel/hook_links.h"
#include "agent/kernel/hooks.h"
#include "agent/kernel/hop_table.h"
#include "agent/kernel/kernel_symbols.h"
#include "agent/kernel/loss_counters.h"
#include "agent/kernel/peer_maps.h"
#include "agent/kernel/pinned_state.h"
#include "agent/kernel/policy_maps.h"
#include "agent/kernel/programs.h"
#include "agent/kernel/ring_source.h"
#include "agent/kernel/told_names.h"
#include "bpf/abi.h"
#include "bpf/nestor_skeleton.skel.h"

namespace nestor {
namespace {

static_assert(kMostArgvBytes == NESTOR_ARGV_INSPECTED_MOST);
static_assert(kMostWayHops == NESTOR_WAY_MOST);

static_assert(static_cast<int>(Protect::kRefuse) == NESTOR_PROTECT_REFUSE);

uint32_t HostMountNamespace() {
  struct stat link{};
  return stat("/proc/1/ns/mnt", &link) == 0 ? static_cast<uint32_t>(link.st_ino) : 0;
}

// The cgroup that is the root to nestord; its inode number is its id. The kernel's own root, where
// that is no cgroup v2.
uint64_t TopCgroup(const std::string& root) {
  constexpr uint64_t kKernelsRoot = 1;
  struct statfs filesystem{};
  struct stat info{};
  if (statfs(root.c_str(), &filesystem) != 0 || filesystem.f_type != CGROUP2_SUPER_MAGIC ||
      stat(root.c_str(), &info) != 0) {
    return kKernelsRoot;
  }
  return info.st_ino;
}

uint64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Hop ids are unique for one boot: each start that cannot go on with an earlier one's begins at the
// boot time in ns >> 10, shifted; one start would have to open a thousand hops every microsecond to
// reach the next one's.
uint64_t FirstHopId() { return (NowNs() >> 10) << 16; }

uint32_t EventsOf(const Program& program) { return RuleEventsOf(program.name); }

// The kinds of events that these rules judge: bits (1 << enum nestor_rule_event).
uint32_t EventsOf(const CompiledPolicies& policies) {
  uint32_t events = 0;
  for (const CompiledRule& rule : policies.rules) {
    events |= 1U << static_cast<uint32_t>(rule.event);
    if (!rule.digests.empty()) events |= 1U << NESTOR_APPLIES_DIGESTS;
    if (rule.through_agents != 0) events |= 1U << NESTOR_ASKS_AGENTS;
    if (rule.asks_name) events |= 1U << NESTOR_ASKS_NAMES;
  }
  return events;
}

std::span<const std::byte> ObjectFile() {
  size_t size = 0;
  const void* bytes = nestor_skeleton__elf_bytes(&size);
  return {static_cast<const std::byte*>(bytes), size};
}

class LibbpfProbes : public Probes {
 public:
  LibbpfProbes(nestor_skeleton* skeleton, const ProbeOptions& options)
      : skel_(skeleton), options_(options), programs_(skeleton->obj, ObjectFile()) {}
  ~LibbpfProbes() override {
    links_.Close();
    nestor_skeleton__destroy(skel_);
  }

  Status Load(const Features& features);
  Status Attach() override;
  Result<std::vector<SeededProcess>> Seed() override;
  Result<std::vector<HopRecord>> Hops() override {
    return ReadHopTable(bpf_map__fd(skel_->maps.hop_table));
  }
  void ForgetHops(const std::vector<HopId>& hops) override {
    DeleteHops(bpf_map__fd(skel_->maps.hop_table), hops);
    DeleteHops(bpf_map__fd(skel_->maps.logins), hops);
  }
  Status ForgetOldNames() override {
    return SweepToldNames(bpf_map__fd(skel_->maps.told_addresses),
                          bpf_map__fd(skel_->maps.dns_names), bpf_map__fd(skel_->maps.told_counts),
                          NowNs());
  }
  const Inheritance& inheritance() const override { return inheritance_; }
  std::vector<std::string> warnings() const override {
    return pinned_ ? pinned_->warnings() : std::vector<std::string>();
  }
  void Remove() override;
  Result<size_t> PrepareListeners(const std::vector<int>& namespaces) override;
  Status SetPeerKeys(const std::vector<PeerKey>& keys) override { return peers_->SetKeys(keys); }
  void SetRealtimeOffset(int64_t ns) override {
    skel_->bss->realtime_offset_ns = static_cast<uint64_t>(ns);
  }
  EventSource& events() override { return *source_; }
  std::vector<LossRecord> TakeLosses() override;
  void ConfirmLosses(const std::vector<LossRecord>& told) override { losses_->Confirm(told); }
  void LoadProgramsFor(const CompiledPolicies& policies) override {
    LoadPrograms(EventsOf(policies));
  }
  Status LoadPolicies(const CompiledPolicies& policies,
                      const std::vector<std::pair<CgroupId, ContainerRules>>& containers) override;
  Status SetContainerRules(CgroupId container, const ContainerRules& rules) override {
    return policy_->SetContainer(container, rules);
  }
  Status RemoveContainer(CgroupId container) override {
    bpf_map_delete_elem(bpf_map__fd(skel_->maps.containers), &container);
    return policy_->RemoveContainer(container);
  }
  const std::vector<Capability>& capabilities() const override { return capabilities_; }

 private:
  std::string HowToGet(std::string_view program, std::string_view section) const;
  Status LeaveOutByName();
  Status ChooseHooks(const Features& features);
  Status LoadPeers();
  void LoadPrograms(uint32_t events);
  Status SetRefused();
  Status AttachHook(const Program& program);
  void FindMemoryMap();
  Status AttachFor(uint32_t events);
  Status DetachAllBut(uint32_t events);
  Status SettleCovered(uint32_t events);
  void SetHook(const Program& program, bool available, const std::string& detail);
  Status UsePins();
  void AddPins();
  void OpenTables();
  TurnWords Turn() {
    return {reinterpret_cast<volatile uint64_t*>(&skel_->bss->active_instance),
            reinterpret_cast<volatile uint64_t*>(&skel_->bss->next_instance)};
  }
  uint64_t MissedRuns() const;
  Result<size_t> SeedPass(uint32_t pass, std::vector<SeededProcess>& seeded);
  Status SeedSockets();
  Status StartGuard(const std::vector<SeededProcess>& seeded);
  Status WriteGuardTable();

  nestor_skeleton* skel_;  // its maps and words; the programs are in programs_
  ProbeOptions options_;
  Programs programs_;
  std::unique_ptr<RingSource> source_;
  std::unique_ptr<PolicyMaps> policy_;
  std::unique_ptr<PeerMaps> peers_;
  std::vector<Capability> capabilities_;
  const uint64_t instance_ = NowNs();  // names this start
  HookLinks links_{options_.cgroup_root, instance_};
  bool attached_ = false;
  bool memory_map_sought_ = false;
  std::unique_ptr<PinnedState> pinned_;  // null: nothing outlives this process
  Inheritance inheritance_;
  std::unique_ptr<LossCounters> losses_;
};

std::string LibbpfProbes::HowToGet(std::string_view program, std::string_view section) const {
  if (std::ranges::find(options_.without, program) != options_.without.end())
    return "take `" + std::string(program) + "` out of kernel.without";
  return "use a kernel that has " + std::string(section);
}

void LibbpfProbes::SetHook(const Program& program, bool available, const std::string& detail) {
  Capability hook = {"hook:" + std::string(program.name),
                     available,
                     IsRequired(program.name),
                     detail,
                     EffectOf(program.name),
                     available ? "" : HowToGet(program.name, program.section),
                     EventsOf(program)};
  const auto known = std::ranges::find(capabilities_, hook.name, &Capability::name);
  if (known == capabilities_.end()) {
    capabilities_.push_back(std::move(hook));
  } else {
    *known = std::move(hook);
  }
}

// What the settings say, before anything else asks which programs there are.
Status LibbpfProbes::LeaveOutByName() {
  const std::vector<Program> all = programs_.All();
  std::vector<std::string_view> names;
  names.reserve(all.size());
  for (const Program& program : all) names.push_back(program.name);
  for (const std::string& name : options_.without) {
    const auto program = std::ranges::find(all, name, &Program::name);
    if (program == all.end())
      return Error::FailedPrecondition("kernel.without: there is no program `" + name + "`" +
                                       Suggest(name, names));
    if (IsRequired(name))
      return Error::FailedPrecondition("kernel.without: nothing works without `" + name + "`");
    SetHook(*program, false, "left out by the settings (kernel.without)");
    programs_.LeaveOut(name);
  }
  return {};
}

// LSM programs where they can refuse; else the fentry twins, which only observe. What this kernel
// has no hook for is left out and named.
Status LibbpfProbes::ChooseHooks(const Features& features) {
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), btf__free);
  if (!kernel) return Error::FromErrno("read /sys/kernel/btf/vmlinux", errno);
  const bool after_receive = HasTarget(kernel.get(), "tp_btf/sock_recv_length");
  for (const Program& program : programs_.All()) {
    const auto [name, section, loaded] = program;
    if (name == "on_receive" ? !after_receive : after_receive && IsReplacedByTracepoint(name)) {
      programs_.LeaveOut(name);
    } else if (section.starts_with("lsm") && !features.bpf_lsm) {
      programs_.LeaveOut(name);
    } else if (name.starts_with("fentry_") && features.bpf_lsm) {
      programs_.LeaveOut(name);
    } else if (IsForPeers(name) && options_.peers.empty()) {
      programs_.LeaveOut(name);
    } else if (!HasTarget(kernel.get(), section)) {
      SetHook(program, false, "this kernel has no such hook");
      programs_.LeaveOut(name);
    } else if (IsForDigests(name) && !CanHash(kernel.get())) {
      SetHook(program, false, "this kernel has no IMA, which hashes files");
      programs_.LeaveOut(name);
    }
  }
  return {};
}

// Those that are there whatever rules there are, and those that judge these kinds of events.
void LibbpfProbes::LoadPrograms(uint32_t events) {
  programs_.Load([events](const Program& program) {
    const uint32_t judged = EventsOf(program);
    return judged == 0 || (judged & events) != 0;
  });
}

// What this kernel does not take is left out and named, but for what nothing works without.
Status LibbpfProbes::SetRefused() {
  for (const auto& [program, reason] : programs_.TakeRefused()) {
    if (IsRequired(program.name))
      return Error::FailedPrecondition("load the BPF program " + std::string(program.name) + ": " +
                                       reason);
    SetHook(program, false, "the kernel refuses to load it: " + reason);
  }
  return {};
}

Status LibbpfProbes::Load(const Features& features) {
  capabilities_ = features.ToCapabilities();
  skel_->rodata->host_mnt_ns = HostMountNamespace();
  skel_->rodata->top_cgroup = TopCgroup(options_.cgroup_root);
  skel_->rodata->node_scope = options_.node_scope;
  skel_->rodata->told_per_netns = options_.names_per_pod;
  skel_->rodata->told_for_ns =
      static_cast<uint64_t>(std::chrono::nanoseconds(options_.remember_names).count());
  skel_->rodata->argv_most = options_.argv_bytes;
  skel_->rodata->way_most = options_.way_hops;
  skel_->rodata->instance = instance_;
  skel_->rodata->peers_configured = !options_.peers.empty();
  skel_->rodata->own_node = NodeId(options_.node);
  skel_->bss->last_hop_id = FirstHopId();
  bpf_map__set_max_entries(skel_->maps.control, options_.control_ring_bytes);
  bpf_map__set_max_entries(skel_->maps.verdicts, options_.verdict_ring_bytes);
  bpf_map__set_max_entries(skel_->maps.bulk, options_.bulk_ring_bytes);
  bpf_map__set_max_entries(skel_->maps.hop_table, options_.hop_table_entries);
  bpf_map__set_max_entries(skel_->maps.logins, options_.hop_table_entries);
  bpf_map__set_max_entries(skel_->maps.told_addresses, options_.names);
  bpf_map__set_max_entries(skel_->maps.dns_names, options_.names);
  if (Status status = LeaveOutByName(); !status) return status;
  if (Status status = ChooseHooks(features); !status) return status;
  if (Status status = UsePins(); !status) return status;
  TakeLibbpfLog();
  if (int error = nestor_skeleton__load(skel_)) {
    return Error::FromErrno("make the BPF maps", -error).In(TakeLibbpfLog());
  }
  LoadPrograms(0);
  if (Status status = SetRefused(); !status) return status;
  auto source = RingSource::Open({bpf_map__fd(skel_->maps.control),
                                  bpf_map__fd(skel_->maps.verdicts), bpf_map__fd(skel_->maps.bulk)},
                                 &skel_->bss->reader_sleeps,
                                 reinterpret_cast<volatile uint64_t*>(&skel_->bss->unsure_records),
                                 options_.wakeup_latency);
  if (!source) return source.error();
  source_ = std::move(*source);
  OpenTables();
  if (pinned_) pinned_->Settle(Turn());
  return LoadPeers();
}

Status LibbpfProbes::LoadPeers() {
  peers_ =
      std::make_unique<PeerMaps>(bpf_map__fd(skel_->maps.peer_networks),
                                 bpf_map__fd(skel_->maps.peer_keys), &skel_->bss->peer_key_slot);
  if (options_.peers.empty()) return {};
  if (Status status = peers_->AddNetworks(options_.peers); !status) return status;
  return peers_->SetKeys(options_.peer_keys);
}

// The directory of an earlier nestord, or a new one. Without a BPF file system all goes as long as
// this process.
Status LibbpfProbes::UsePins() {
  if (options_.pin_directory.empty() || !IsInBpfFilesystem(options_.pin_directory)) return {};
  auto pinned = PinnedState::Open(options_.pin_directory, skel_->obj, [this](const bpf_map* map) {
    return map == skel_->maps.control || map == skel_->maps.verdicts || map == skel_->maps.bulk ||
           map == skel_->maps.hop_table || map == skel_->maps.logins ||
           map == skel_->maps.told_addresses || map == skel_->maps.dns_names;
  });
  if (!pinned) return pinned.error();
  pinned_ = std::move(*pinned);
  links_.PinIn(pinned_.get());
  inheritance_.continued = pinned_->continued();
  inheritance_.lost = pinned_->replaces_other();
  return {};
}

void LibbpfProbes::AddPins() {
  std::string detail = options_.pin_directory;
  if (pinned_) detail += inheritance_.continued ? ": goes on with what was there" : ": begun anew";
  if (!pinned_)
    detail += detail.empty() ? "kernel.pinDirectory is empty" : " is in no BPF file system";
  capabilities_.push_back({"pinned-state", pinned_ != nullptr, false, detail,
                           "rules and chains end when nestord does",
                           pinned_ ? ""
                                   : "mount -t bpf bpf /sys/fs/bpf; in a pod, mount the host's "
                                     "/sys/fs/bpf; set kernel.pinDirectory"});
}

// What the one before gave up and did not tell. Killed between the two, it counts twice, not never.
void TakeUnsure(volatile __u64& undelivered, volatile __u64& unsure) {
  undelivered = undelivered + unsure;
  unsure = 0;
}

// What user space reads and writes of an earlier nestord's state, or of a fresh one.
void LibbpfProbes::OpenTables() {
  const auto& maps = skel_->maps;
  inheritance_.policy_generation = skel_->bss->policy_generation;
  TakeUnsure(skel_->bss->undelivered, skel_->bss->unsure_records);
  inheritance_.policy_fingerprint = skel_->bss->policy_fingerprint;
  policy_ = std::make_unique<PolicyMaps>(
      PolicyMaps::Fds{bpf_map__fd(maps.dfas), bpf_map__fd(maps.dfa_cells),
                      bpf_map__fd(maps.rule_sets), bpf_map__fd(maps.event_rules),
                      bpf_map__fd(maps.rules), bpf_map__fd(maps.default_rules),
                      bpf_map__fd(maps.container_rules), bpf_map__fd(maps.cidrs),
                      bpf_map__fd(maps.digests), bpf_map__fd(maps.user_lists),
                      bpf_map__fd(maps.agent_numbering), bpf_map__fd(maps.containers)},
      PolicyMaps::Words{reinterpret_cast<volatile uint64_t*>(&skel_->bss->policy_generation),
                        reinterpret_cast<volatile uint64_t*>(&skel_->bss->policy_changes),
                        reinterpret_cast<volatile uint64_t*>(&skel_->bss->policy_fingerprint),
                        &skel_->bss->agents_stamp, &skel_->bss->names_asked});
  losses_ = std::make_unique<LossCounters>(
      bpf_map__fd(maps.losses), bpf_map__fd(maps.reported_losses),
      LossCounters::Words{reinterpret_cast<volatile uint64_t*>(&skel_->bss->undelivered),
                          reinterpret_cast<volatile uint64_t*>(&skel_->bss->undelivered_told),
                          reinterpret_cast<volatile uint64_t*>(&skel_->bss->missed_told)});
}

Status LibbpfProbes::AttachHook(const Program& program) {
  TakeLibbpfLog();
  const Status attached = links_.Attach(program.loaded);
  if (!attached && IsRequired(program.name))
    return attached.error().In("hook " + std::string(program.name));
  SetHook(
      program, bool(attached),
      attached ? std::string(program.section) : attached.error().message + "; " + TakeLibbpfLog());
  return {};
}

// Without these, answers of name servers that lie in pages are counted as not read (dns-answers).
void LibbpfProbes::FindMemoryMap() {
  if (memory_map_sought_) return;
  memory_map_sought_ = true;
  const auto found = AddressesOf({"vmemmap_base", "page_offset_base"});
  const bool known = found.size() == 2;
  capabilities_.push_back(
      {"memory-map", known, false,
       known ? "vmemmap_base, page_offset_base" : "/proc/kallsyms tells no addresses",
       "names in answers that a network driver leaves in pages are not known",
       known ? "" : "give nestord CAP_SYSLOG"});
  if (!known) return;
  skel_->bss->vmemmap_base_at = found.at("vmemmap_base");
  skel_->bss->page_offset_base_at = found.at("page_offset_base");
}

// The programs that judge these kinds of events (bits 1 << enum nestor_rule_event).
Status LibbpfProbes::AttachFor(uint32_t events) {
  if (events & 1U << NESTOR_ASKS_NAMES) FindMemoryMap();
  LoadPrograms(events);
  if (Status status = SetRefused(); !status) return status;
  for (const Program& program : programs_.All()) {
    if (!(EventsOf(program) & events) || links_.Has(program.loaded)) continue;
    if (Status status = AttachHook(program); !status) return status;
  }
  return {};
}

// At any time one of the two is attached, for a moment both.
Status LibbpfProbes::SettleCovered(uint32_t events) {
  const std::vector<Program> all = programs_.All();
  for (const Program& program : all) {
    const auto cover = std::ranges::find(all, CoveredBy(program.name), &Program::name);
    const bool covered =
        cover != all.end() && (EventsOf(*cover) & events) != 0 && links_.Has(cover->loaded);
    if (covered) {
      links_.Detach(program.loaded);
      SetHook(program, true, std::string(program.section) + ", by " + std::string(cover->name));
    } else if (cover != all.end() && !links_.Has(program.loaded)) {
      if (Status status = AttachHook(program); !status) return status;
    }
  }
  return {};
}

// Programs that no rule needs: an attached one costs at each event even where it has nothing to do.
Status LibbpfProbes::DetachAllBut(uint32_t events) {
  if (Status status = SettleCovered(events); !status) return status;
  for (const Program& program : programs_.All()) {
    const uint32_t judged = EventsOf(program);
    if (judged == 0 || (judged & events) != 0) continue;
    if (program.loaded) links_.Detach(program.loaded);
    SetHook(program, true,
            std::string(program.section) + ", loaded and attached while a rule needs it");
  }
  return {};
}

Status LibbpfProbes::Attach() {
  const uint32_t events = policy_->EventsInForce();
  LoadPrograms(events);  // first: once programs are attached, records wait for a reader
  for (const Program& program : programs_.All()) {
    if (IsIterator(program.name) || EventsOf(program) != 0) continue;
    if (Status status = AttachHook(program); !status) return status;
  }
  if (Status status = AttachFor(events); !status) return status;
  if (Status status = DetachAllBut(events); !status) return status;
  attached_ = true;
  AddPins();
  if (pinned_) {
    skel_->bss->missed_before += pinned_->TakeOver(Turn(), instance_);
  } else {
    *Turn().active = instance_;
  }
  return {};
}

// Attached before the first rule that needs it counts, detached after the last one.
Status LibbpfProbes::LoadPolicies(
    const CompiledPolicies& policies,
    const std::vector<std::pair<CgroupId, ContainerRules>>& containers) {
  if (attached_) {
    if (Status status = AttachFor(EventsOf(policies)); !status) return status;
  }
  Status loaded = policy_->Load(policies, containers);
  if (!attached_) return loaded;
  if (Status status = DetachAllBut(policy_->EventsInForce()); !status) return status;
  if (Status guarded = WriteGuardTable(); !guarded) return guarded;
  return loaded;
}

void LibbpfProbes::Remove() {
  *Turn().active = 0;
  links_.Close();
  if (pinned_) pinned_->RemoveAll();
}

// Runs an iterator to its end; what it wrote. null: this kernel does not have it.
Result<std::string> RunIterator(const bpf_program* program) {
  if (!program) return Error::FailedPrecondition("this kernel has no iterator of tasks (5.8)");
  bpf_link* link = bpf_program__attach_iter(program, nullptr);
  if (!link) return Error::FromErrno("attach an iterator", errno).In(bpf_program__name(program));
  const UniqueFd iterator(bpf_iter_create(bpf_link__fd(link)));
  bpf_link__destroy(link);
  if (!iterator.ok())
    return Error::FromErrno("open an iterator", errno).In(bpf_program__name(program));
  std::string bytes;
  char chunk[8192];
  for (;;) {
    const ssize_t got = read(iterator.get(), chunk, sizeof(chunk));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error::FromErrno("read an iterator", errno).In(bpf_program__name(program));
    if (got == 0) return bytes;
    bytes.append(chunk, static_cast<size_t>(got));
  }
}

Result<size_t> LibbpfProbes::SeedPass(uint32_t pass, std::vector<SeededProcess>& seeded) {
  skel_->bss->seed_pass = pass;
  const auto bytes = RunIterator(programs_.Find("seed"));
  if (!bytes) return bytes.error();
  size_t count = 0;
  for (size_t at = 0; at + sizeof(nestor_actor) <= bytes->size(); at += sizeof(nestor_actor)) {
    nestor_actor raw;
    std::memcpy(&raw, bytes->data() + at, sizeof(raw));
    seeded.push_back({ToActor(raw)});
    ++count;
  }
  return count;
}

// After all tasks: a connection carries the hop of the process that holds its client's end.
Status LibbpfProbes::SeedSockets() {
  constexpr uint32_t kPasses = 3;  // enum seed_sockets_pass
  const bpf_program* iterator = programs_.Find("seed_sockets");
  if (!iterator) return {};
  for (uint32_t pass = 0; pass < kPasses; ++pass) {
    skel_->bss->seed_sockets_pass = pass;
    if (const auto run = RunIterator(iterator); !run) return run.error();
  }
  return {};
}

Result<std::vector<SeededProcess>> LibbpfProbes::Seed() {
  constexpr uint32_t kRoots = 0, kChildren = 1, kRest = 2, kKnown = 3, kWaiting = 4;
  constexpr int kMaxPasses = 64;  // tasks come in pid order, parents mostly first: two or three do
  std::vector<SeededProcess> seeded;
  skel_->bss->seed_round = NowNs();
  if (auto known = SeedPass(kKnown, seeded); !known) return known.error();
  for (SeededProcess& process : seeded) process.known = true;
  for (const uint32_t first : {kRoots, kRest}) {
    auto roots = SeedPass(first, seeded);
    if (!roots) return roots.error();
    for (int pass = 0; pass < kMaxPasses; ++pass) {
      auto found = SeedPass(kChildren, seeded);
      if (!found) return found.error();
      if (*found == 0) break;
    }
  }
  if (const Status sockets = SeedSockets(); !sockets) return sockets.error();
  if (auto waiting = SeedPass(kWaiting, seeded); !waiting) return waiting.error();
  if (const Status guards = StartGuard(seeded); !guards) return guards.error();
  return seeded;
}

// Last: this process's own container is known now, and it may still do all.
Status LibbpfProbes::StartGuard(const std::vector<SeededProcess>& seeded) {
  skel_->bss->guard_level = NESTOR_PROTECT_OFF;
  if (options_.protect == Protect::kOff) return {};
  const auto tgid = static_cast<uint32_t>(getpid());
  for (const SeededProcess& process : seeded) {
    if (process.actor.self.tgid != tgid) continue;
    skel_->bss->guard_container = process.actor.container_cgroup_id;
    skel_->bss->guard_start_ns = process.actor.self.start_ns;
  }
  skel_->bss->guard_tgid = tgid;
  if (Status written = WriteGuardTable(); !written) return written;
  skel_->bss->guard_level = static_cast<uint32_t>(options_.protect);
  return {};
}

Status LibbpfProbes::WriteGuardTable() {
  if (options_.protect == Protect::kOff) return {};
  std::vector<std::string> paths = options_.guarded_paths;
  paths.push_back(options_.pin_directory);
  return WriteGuarded(bpf_map__fd(skel_->maps.guarded),
                      GuardedThings(skel_->obj, programs_.All(), links_.All(), paths));
}

// A program that is interrupted by another task on its CPU while that task comes to the same hook
// is left out there by the kernel (bpf_prog_info.recursion_misses, 5.12): events that nobody saw,
// but for those that a second program of the hook saw. What earlier instances' second programs made
// good is in made_good, too, so it is taken from the runs of all instances.
uint64_t LibbpfProbes::MissedRuns() const {
  uint64_t missed = skel_->bss->missed_before;
  for (const Program& program : programs_.All()) {
    if (!program.loaded || IsSecond(program.name)) continue;
    missed += MissedRunsOf(bpf_program__fd(program.loaded));
  }
  return missed - std::min<uint64_t>(missed, skel_->bss->made_good);
}

Result<size_t> LibbpfProbes::PrepareListeners(const std::vector<int>& namespaces) {
  const bpf_program* iterator = programs_.Find("remote_listeners");
  if (!iterator) return size_t{0};
  bpf_link* link = bpf_program__attach_iter(iterator, nullptr);
  if (!link) return Error::FromErrno("attach the iterator of listeners", errno);
  auto changed = RunInNamespaces(bpf_link__fd(link), namespaces);
  bpf_link__destroy(link);
  return changed;
}

std::vector<LossRecord> LibbpfProbes::TakeLosses() { return losses_->Grown(NowNs(), MissedRuns()); }

}  // namespace

Result<std::unique_ptr<Probes>> Probes::Open(const ProbeOptions& options) {
  const Features features = Features::Detect();
  for (const Capability& capability : features.ToCapabilities()) {
    if (capability.required && !capability.available) {
      return Error::FailedPrecondition(capability.name + ": " + capability.detail + ". " +
                                       capability.fix);
    }
  }
  KeepLibbpfLog();
  nestor_skeleton* skeleton = nestor_skeleton__open();
  if (!skeleton) return Error::FromErrno("open the BPF object", errno);
  auto probes = std::make_unique<LibbpfProbes>(skeleton, options);
  if (Status status = probes->Load(features); !status) return status.error();
  return std::unique_ptr<Probes>(std::move(probes));
}

}  // namespace nestor
