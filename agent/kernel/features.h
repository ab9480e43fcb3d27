// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_FEATURES_H_
#define NESTOR_AGENT_KERNEL_FEATURES_H_

#include <string>
#include <vector>

#include "agent/event/capability.h"

namespace nestor {

// What this node offers, asked of the kernel itself (BTF, securityfs, mounts, rights), never of its
// version number. Thread: any. No BPF program is loaded.
struct Features {
  bool btf = false;
  bool bpf_lsm = false;  // "bpf" is among the active LSMs: programs may refuse
  bool cgroup_v2 = false;
  bool privileged = false;  // CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN
  std::string active_lsms;

  static Features Detect();
  std::vector<Capability> ToCapabilities() const;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_FEATURES_H_
