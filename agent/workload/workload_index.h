// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_
#define NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_

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
  // ("cri-containerd-<id>.scope", "<id>").
  void Seen(CgroupId cgroup, const std::string& name);
  void Removed(CgroupId cgroup);
  // What is known now; `pending` when only the id is, or nothing yet. An unknown cgroup (id not
  // seen) gives host().
  Workload Lookup(CgroupId cgroup) const;
  // Containers whose names became known (or changed) since the last call.
  std::vector<NamedContainer> TakeNamed();

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
// several; "" when none.
std::string ContainerIdFromCgroupName(const std::string& name);

}  // namespace nestor

#endif  // NESTOR_AGENT_WORKLOAD_WORKLOAD_INDEX_H_
