// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/preparer.h"

#include <utility>

#include "agent/proc/process_cgroup.h"

namespace nestor {
namespace {

ListedContainer NamesOf(const OciContainer& told) {
  ListedContainer names;
  names.id = told.id;
  names.name = told.name;
  names.image = told.image;
  names.sandbox = told.sandbox;
  names.pod = told.pod;
  names.namespace_name = told.namespace_name;
  names.pod_uid = told.pod_uid;
  return names;
}

}  // namespace

PreparedContainer JoinWithCri(const OciContainer& told, const FoundContainer& found) {
  PreparedContainer joined;
  joined.told = joined.names = NamesOf(told);
  if (found.container) {
    joined.names = *found.container;
    joined.confirmed = true;
  }
  if (found.sandbox) {
    joined.names.pod = found.sandbox->pod;
    joined.names.namespace_name = found.sandbox->namespace_name;
    joined.names.pod_uid = found.sandbox->pod_uid;
    joined.names.pod_labels = found.sandbox->pod_labels;
    joined.labelled = true;
  }
  // A container whose sandbox is not listed says nothing of labels.
  joined.confirmed = joined.confirmed && joined.labelled;
  return joined;
}

Preparer::Preparer(WorkloadIndex& workloads, std::string cgroup_root, HandOver hand_over,
                   std::string proc_root)
    : workloads_(workloads),
      cgroup_root_(std::move(cgroup_root)),
      hand_over_(std::move(hand_over)),
      proc_root_(std::move(proc_root)) {}

HookAnswer Preparer::Prepare(std::string_view state, std::chrono::milliseconds patience) const {
  HookCounts& counts = workloads_.hook_counts();
  auto answer = Try(state, patience);
  if (!answer) {
    ++counts.failed;
    return {HookOutcome::kFailed, answer.error().message};
  }
  ++(answer->outcome == HookOutcome::kReady ? counts.ready : counts.named);
  return std::move(*answer);
}

// Where the process is, the kernel says; the hook's id must be the cgroup's.
Result<FoundCgroup> Preparer::CgroupOf(const OciContainer& told) const {
  auto path = CgroupPathOf(told.pid, proc_root_);
  if (!path) return path.error();
  auto cgroup = FindContainerCgroup(cgroup_root_, *path);
  if (!cgroup) return cgroup.error();
  if (ContainerIdFromCgroupName(cgroup->name) == told.id) return cgroup;
  return Error::FailedPrecondition("process " + std::to_string(told.pid) + " is in " +
                                   cgroup->name + " and not in container " + told.id);
}

Result<HookAnswer> Preparer::Try(std::string_view state, std::chrono::milliseconds patience) const {
  auto told = ReadOciState(state);
  if (!told) return told.error();
  auto cgroup = CgroupOf(*told);
  if (!cgroup) return cgroup.error();
  // Half of the time is the runtime's: what it does not say in it, the names can do without.
  auto found = workloads_.Find(told->id, told->sandbox_id, patience / 2);
  PreparedContainer container = JoinWithCri(*told, found ? *found : FoundContainer());
  container.cgroup = cgroup->id;
  auto labelled = hand_over_(std::move(container));
  if (!labelled) return labelled.error();
  if (*labelled) return HookAnswer{HookOutcome::kReady, ""};
  // The runtime lists a sandbox when it runs; nothing of the pod's user runs in it.
  if (found && told->sandbox)
    return HookAnswer{HookOutcome::kNamed, "the sandbox is not listed yet"};
  if (!found) return found.error();
  return Error::NotFound("the runtime does not list sandbox " + told->sandbox_id);
}

}  // namespace nestor
