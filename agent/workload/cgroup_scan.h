// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_WORKLOAD_CGROUP_SCAN_H_
#define NESTOR_AGENT_WORKLOAD_CGROUP_SCAN_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/process_key.h"

namespace nestor {

struct FoundCgroup {
  CgroupId id = 0;   // the directory's inode number is the cgroup v2 id on 64-bit kernels
  std::string name;  // leaf directory
};

// The cgroups below `root`, at most 32 levels deep, whose names hold a container id. Directories
// that go away meanwhile are left out. Error: a directory cannot be read. Thread: any.
Result<std::vector<FoundCgroup>> FindContainerCgroups(const std::string& root);

}  // namespace nestor

#endif  // NESTOR_AGENT_WORKLOAD_CGROUP_SCAN_H_
