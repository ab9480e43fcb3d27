// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PROC_PROCESS_CGROUP_H_
#define NESTOR_AGENT_PROC_PROCESS_CGROUP_H_

#include <cstdint>
#include <string>

#include "agent/base/result.h"

namespace nestor {

// The cgroup v2 path of a process as /proc/PID/cgroup shows it to this process:
// "/kubepods/pod1/ID", or with `..` in front where this process is in a cgroup namespace of its
// own. Error: there is no such process, or no cgroup v2. Thread: any.
Result<std::string> CgroupPathOf(uint32_t pid, const std::string& proc_root = "/proc");

}  // namespace nestor

#endif  // NESTOR_AGENT_PROC_PROCESS_CGROUP_H_
