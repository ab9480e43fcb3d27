// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_
#define NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/cri/container_lister.h"
#include "agent/event/event.h"
#include "agent/event/process_key.h"

namespace nestor {

struct WorkloadOptions {
  std::string cri_endpoint =
      "unix:///run/containerd/containerd.sock";  // empty: no names are asked for
  std::string cgroup_root = "/sys/fs/cgroup";
  std::chrono::milliseconds cri_timeout{2000};
  std::chrono::seconds relist_interval{60};
  size_t max_pending = 1024;  // lookups waiting for the CRI; beyond: the oldest is dropped,
                              // counted, and found by the next relist
  std::chrono::seconds removed_grace{300};  // names of removed containers are kept for late events
};

struct NamedContainer {
  CgroupId cgroup = 0;
  Workload workload;
  std::map<std::string, std::string> labels;  // the pod's
  // Its cgroup is gone: names for what was published, nothing to enforce on.
  bool removed = false;
  // False: the labels are not known yet, and no rule can be chosen by them.
  bool labelled = true;
  // What a hook called it, where the CRI says otherwise; else empty.
  std::string hook_said;
};

// What a runtime's hook told of a container that has not run yet, joined with what the CRI says.
struct PreparedContainer {
  CgroupId cgroup = 0;
  ListedContainer told;  // by the hook alone
  ListedContainer names;
  bool labelled = false;   // names.pod_labels are the pod's, by the CRI
  bool confirmed = false;  // all of `names` is the CRI's word
};

// What came of the hooks' questions. Thread: any.
struct HookCounts {
  std::atomic<uint64_t> ready{0};   // rules in force before the container's first program
  std::atomic<uint64_t> named{0};   // names only, no labels
  std::atomic<uint64_t> failed{0};  // neither
};

// From a container's cgroup being seen to its names.
struct NameWait {
  uint64_t count = 0;
  std::chrono::microseconds total{0};
  std::chrono::microseconds longest{0};
};

// Cgroup → container → pod. Lookups never wait: a worker thread asks the CRI and hands the answer
// over. Thread: pipeline only, except the worker inside.
class WorkloadIndex {
 public:
  // Asks the runtime at options.cri_endpoint.
  explicit WorkloadIndex(const WorkloadOptions& options);
  // Asks `lister`; null: no names are asked for.
  WorkloadIndex(WorkloadOptions options, std::unique_ptr<ContainerLister> lister);
  ~WorkloadIndex();

  // Lists what runs now. Error: the CRI does not answer (nestord goes on; containers then have ids
  // but no names; retried), or cgroup_root cannot be read (containers are then known when seen).
  Status Start();
  // The container's cgroup was seen by the kernel: `name` holds its 64 hex digits
  // ("cri-containerd-<id>.scope", "<id>"). A name is no proof: it stays without the runtime's word
  // where another cgroup has that container, or the runtime said before that it ended.
  void Seen(CgroupId cgroup, const std::string& name);
  void Removed(CgroupId cgroup);
  // What is known now; `pending` when only the id is, or nothing yet. An unknown cgroup (id not
  // seen) gives host().
  Workload Lookup(CgroupId cgroup) const;
  // Containers whose names became known (or changed) since the last call.
  std::vector<NamedContainer> TakeNamed();

  // A container whose first program waits for this. The CRI's word, where it came before, stays;
  // what the hook alone said is compared with it later. What is known after that.
  NamedContainer Prepare(PreparedContainer container);
  // Asks the runtime for one container. Blocks up to `deadline`. Error: it does not answer, or
  // nobody is to be asked. Thread: any.
  Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                              std::chrono::milliseconds deadline) const;
  HookCounts& hook_counts();  // Thread: any
  const NameWait& name_wait() const;

  // Cgroups that are called like a container that lives elsewhere, or ended before: never named.
  uint64_t doubted() const;
  uint64_t dropped_lookups() const;
  uint64_t failed_lookups() const;
  bool cri_available() const;
  std::string cri_detail()
      const;  // "containerd 1.6.20 at unix:///run/containerd/containerd.sock", or the last error

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The 64 hex digits of a container id in a cgroup's directory name, the last run when there are
// several; "" when none, or when it is that of conmon, which watches a container from outside.
std::string ContainerIdFromCgroupName(const std::string& name);

}  // namespace nestor

#endif  // NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_
