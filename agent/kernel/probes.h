// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PROBES_H_
#define NESTOR_AGENT_KERNEL_PROBES_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/capability.h"
#include "agent/event/record.h"
#include "agent/kernel/event_source.h"
#include "agent/kernel/peers.h"
#include "agent/policy/compiled.h"

namespace nestor {

// What happens when a pod tries to get at nestor itself: its maps, programs, files and process.
enum class Protect : uint8_t { kOff = 0, kReport = 1, kRefuse = 2 };

inline constexpr uint32_t kMostArgvBytes = 128U << 10;
inline constexpr uint32_t kMostWayHops = 1024;

struct ProbeOptions {
  // In a BPF file system: what of the kernel side outlives nestord. Empty: nothing does.
  std::string pin_directory = "/sys/fs/bpf/nestor";
  bool node_scope = false;  // emit events of every process, not only of pods and chains into them
  uint32_t control_ring_bytes = 8U << 20;  // power of two, multiple of the page size
  uint32_t verdict_ring_bytes = 4U << 20;
  uint32_t bulk_ring_bytes = 4U << 20;
  uint32_t hop_table_entries = 65'536;  // announced hops that the kernel remembers
  // Addresses that pods know by names of DNS, while rules ask for names; as many names. Beyond:
  // loss dns-names.
  uint32_t names = 16'384;
  uint32_t names_per_pod = 1024;                        // of one network namespace
  std::chrono::milliseconds remember_names{3'600'000};  // after an answer, or its TTL if longer
  uint32_t argv_bytes = 64U << 10;  // of a program's arguments are inspected; <= kMostArgvBytes
  uint32_t way_hops = 1024;         // above a task, for rules about its way; <= kMostWayHops
  std::chrono::milliseconds wakeup_latency{
      10};                         // longest time a record waits in the ring on a quiet node
  std::vector<Peer> peers;         // none: no chain goes to another node, or comes from one
  std::vector<PeerKey> peer_keys;  // the first one signs, each is accepted
  std::string node;                // this node's name, for its answers to peers
  std::string cgroup_root = "/sys/fs/cgroup";
  Protect protect = Protect::kRefuse;
  // Names of programs that are not loaded, for a node on which one of them does harm. What nothing
  // works without, and a name that no program has, is an error of Open.
  std::vector<std::string> without;
  // Files, and directories with all below, that pods must not change, beside pin_directory. Missing
  // ones do not count.
  std::vector<std::string> guarded_paths;
};

// A process that ran before nestord, as the task iterator saw it; names are then read from /proc.
struct SeededProcess {
  Actor actor;
  bool known = false;  // an earlier nestord followed it: it keeps its hop
};

// What an earlier nestord left in the kernel.
struct Inheritance {
  bool continued = false;           // its chains, hop ids, records and rules are there
  bool lost = false;                // it was of another build that does not fit: all begins anew
  uint64_t policy_generation = 0;   // in force when this one came; 0: none
  uint64_t policy_fingerprint = 0;  // FingerprintOf its policies
};

// All BPF programs of nestord, loaded and attached. Each hook is optional: its absence is a
// capability, not a failure.
class Probes {
 public:
  virtual ~Probes() = default;

  // Opens, sizes and loads what observes and this kernel can take, by BTF, with the maps of an
  // earlier nestord where it left some. Programs that judge are loaded when rules need them. Error:
  // nothing useful can run here (no BTF, no rights, no ring, another nestord runs); the message
  // says how to get it. Needs CAP_BPF, CAP_PERFMON (CAP_SYS_ADMIN covers both). Kernel >= 6.1.
  static Result<std::unique_ptr<Probes>> Open(const ProbeOptions& options);

  // Attaches everything that was loaded, and takes over from the programs of an earlier nestord: no
  // event is seen twice or by nobody. From here on records flow into the rings.
  virtual Status Attach() = 0;

  // Gives every process that has no context yet the context of a `pre-existing` hop (announced in
  // the ring like any other) and returns them, parents first; before them those that have one
  // already. Call after Attach, so that no process falls between.
  virtual Result<std::vector<SeededProcess>> Seed() = 0;

  // All announced hops, oldest first, also those of earlier starts of nestord.
  virtual Result<std::vector<HopRecord>> Hops() = 0;
  // Nobody asks for these any more. One that somebody enters all the same is announced again.
  virtual void ForgetHops(const std::vector<HopId>& hops) = 0;

  // Takes out of the kernel's tables what pods were told by name servers and is over by now, so
  // that there is room for more. Cost: a look at each entry. Error: what is left stays, and is over
  // all the same.
  virtual Status ForgetOldNames() = 0;

  virtual const Inheritance& inheritance() const = 0;
  // What the operator should know of this start, beside capabilities.
  virtual std::vector<std::string> warnings() const = 0;
  // Detaches all, and leaves nothing in the kernel.
  virtual void Remove() = 0;

  // Lets listeners that are older than Attach keep what a client's node says, in each of these
  // network namespaces (descriptors of /proc/PID/ns/net); without peers, nothing. Returns how many
  // there were. Error: some have none, and their clients on other nodes are unknown.
  virtual Result<size_t> PrepareListeners(const std::vector<int>& namespaces) = 0;

  // Replaces the keys of peers. Error: those before stay. Thread: any, one at a time.
  virtual Status SetPeerKeys(const std::vector<PeerKey>& keys) = 0;
  // CLOCK_REALTIME less CLOCK_BOOTTIME: what is said to peers is bound to the time.
  virtual void SetRealtimeOffset(int64_t ns) = 0;

  // Reads both rings, control first.
  virtual EventSource& events() = 0;

  // Growth of the kernel's loss counters since what ConfirmLosses was told, by this or an earlier
  // nestord; empty when nothing was lost.
  virtual std::vector<LossRecord> TakeLosses() = 0;
  // Readers know of these totals: they are not told again by the next nestord.
  virtual void ConfirmLosses(const std::vector<LossRecord>& told) = 0;

  // Loads the programs that these policies need and that are not loaded yet: up to some seconds.
  // What the kernel refuses is a capability that is not there, from the next LoadPolicies on.
  // Thread: any, but not beside LoadPolicies.
  virtual void LoadProgramsFor(const CompiledPolicies& policies) = 0;

  // Replaces the whole policy set in one step: no exec sees half of it. `containers`: the rules of
  // those whose names are known. generation: the last one's successor, also across a restart; 1 at
  // first. Error: nothing changed. Takes up to 100 ms (a grace for decisions under way) when the
  // last load is that fresh; more when LoadProgramsFor was not called.
  virtual Status LoadPolicies(
      const CompiledPolicies& policies,
      const std::vector<std::pair<CgroupId, ContainerRules>>& containers) = 0;

  // Says which policy rules apply to a container's cgroup, and on which lists of containers it is
  // (of the loaded generation). Children cgroups inherit. An unknown container has the default set
  // of LoadPolicies.
  virtual Status SetContainerRules(CgroupId container, const ContainerRules& rules) = 0;
  virtual Status RemoveContainer(CgroupId container) = 0;

  virtual const std::vector<Capability>& capabilities() const = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PROBES_H_
