// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_HOOK_PREPARER_H_
#define NESTOR_AGENT_HOOK_PREPARER_H_

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/hook/hook_server.h"
#include "agent/hook/oci_state.h"
#include "agent/workload/cgroup_scan.h"
#include "agent/workload/workload_index.h"

namespace nestor {

// What the hook told, with the CRI's word before it where there is one.
PreparedContainer JoinWithCri(const OciContainer& told, const FoundContainer& found);

// Answers a hook's question: who is it, by the kernel (cgroup), by the hook (annotations) and by
// the CRI (labels); then hands it to the pipeline. Thread: any.
class Preparer {
 public:
  // Hands a container over; whether its labels are known. See Pipeline::PrepareContainer.
  using HandOver = std::function<Result<bool>(PreparedContainer)>;

  // `workloads` outlives the preparer.
  Preparer(WorkloadIndex& workloads, std::string cgroup_root, HandOver hand_over,
           std::string proc_root = "/proc");

  // Counts in the workloads' hook_counts().
  HookAnswer Prepare(std::string_view state, std::chrono::milliseconds patience) const;

 private:
  Result<HookAnswer> Try(std::string_view state, std::chrono::milliseconds patience) const;
  Result<FoundCgroup> CgroupOf(const OciContainer& told) const;

  WorkloadIndex& workloads_;
  const std::string cgroup_root_;
  const HandOver hand_over_;
  const std::string proc_root_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_HOOK_PREPARER_H_
