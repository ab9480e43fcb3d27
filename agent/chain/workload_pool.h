// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_WORKLOAD_POOL_H_
#define NESTOR_AGENT_CHAIN_WORKLOAD_POOL_H_

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

#include "agent/event/event.h"

namespace nestor {

using WorkloadPtr = std::shared_ptr<const Workload>;

// The names of a container, kept once for all of its processes. Thread: one at a time.
class WorkloadPool {
 public:
  // The same as `workload`, never null; what was shared before stays as it is.
  WorkloadPtr Share(CgroupId container, Workload workload) {
    if (container == 0) return none_;
    WorkloadPtr& newest = newest_[container];
    if (!newest || *newest != workload) newest = std::make_shared<Workload>(std::move(workload));
    return newest;
  }
  // What was shared last for a container that somebody still names; null: nothing.
  WorkloadPtr Newest(CgroupId container) const {
    if (container == 0) return none_;
    const auto found = newest_.find(container);
    return found == newest_.end() ? nullptr : found->second;
  }

  // Containers that no process is kept of.
  void DropUnused() {
    std::erase_if(newest_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  size_t size() const { return newest_.size(); }

 private:
  WorkloadPtr none_ = std::make_shared<Workload>();
  std::unordered_map<CgroupId, WorkloadPtr> newest_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_WORKLOAD_POOL_H_
