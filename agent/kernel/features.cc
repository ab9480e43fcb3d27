// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/features.h"

#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace nestor {
namespace {

constexpr int kCapSysAdmin = 21;
constexpr int kCapPerfmon = 38;
constexpr int kCapBpf = 39;

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool HasBpfRights() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with("CapEff:")) continue;
    const uint64_t bits = std::stoull(line.substr(7), nullptr, 16);
    const auto has = [bits](int capability) { return (bits >> capability) & 1; };
    return has(kCapSysAdmin) || (has(kCapBpf) && has(kCapPerfmon));
  }
  return false;
}

bool Lists(const std::string& comma_separated, std::string_view word) {
  std::stringstream stream(comma_separated);
  std::string item;
  while (std::getline(stream, item, ',')) {
    if (item == word) return true;
  }
  return false;
}

}  // namespace

Features Features::Detect() {
  Features features;
  features.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  features.active_lsms = FirstLine("/sys/kernel/security/lsm");
  features.bpf_lsm = Lists(features.active_lsms, "bpf");
  struct statfs cgroup{};
  features.cgroup_v2 =
      statfs("/sys/fs/cgroup", &cgroup) == 0 && cgroup.f_type == CGROUP2_SUPER_MAGIC;
  features.privileged = HasBpfRights();
  return features;
}

std::vector<Capability> Features::ToCapabilities() const {
  return {
      {"rights", privileged, true, privileged ? "may load BPF programs" : "CAP_BPF is missing",
       "nothing can be observed", "run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN"},
      {"btf", btf, true, btf ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux",
       "no program fits this kernel", "use a kernel built with CONFIG_DEBUG_INFO_BTF=y"},
      {"cgroup-v2", cgroup_v2, true,
       cgroup_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup is not cgroup v2",
       "containers are not recognised", "boot with systemd.unified_cgroup_hierarchy=1"},
      {"bpf-lsm", bpf_lsm, false,
       active_lsms.empty() ? "cannot read /sys/kernel/security/lsm" : active_lsms,
       "file and connect rules are not enforced; exec rules kill a program at its start instead of "
       "refusing it",
       bpf_lsm ? ""
               : "boot with bpf added to the list above: lsm=" +
                     (active_lsms.empty() ? std::string("...") : active_lsms) + ",bpf"},
  };
}

}  // namespace nestor
