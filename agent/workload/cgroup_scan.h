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

// The cgroups below `root`, at most 32 levels deep, whose names hold a container id, and not what
// is below one: that was made inside the container. Directories that go away meanwhile are left
// out. Error: a directory cannot be read. Thread: any.
Result<std::vector<FoundCgroup>> FindContainerCgroups(const std::string& root);

// The cgroup of the container that a process is in whose cgroup is `path`, as /proc/PID/cgroup
// shows it: the outermost directory whose name holds a container id. A path with `..` in it (seen
// from a cgroup namespace) costs a scan of `root`. Error: no such directory, or not one only.
// Thread: any.
Result<FoundCgroup> FindContainerCgroup(const std::string& root, const std::string& path);

}  // namespace nestor

#endif  // NESTOR_AGENT_WORKLOAD_CGROUP_SCAN_H_
