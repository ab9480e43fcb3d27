// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/process_cgroup.h"

#include <cerrno>
#include <fstream>

namespace nestor {

Result<std::string> CgroupPathOf(uint32_t pid, const std::string& proc_root) {
  const std::string file = proc_root + "/" + std::to_string(pid) + "/cgroup";
  std::ifstream stream(file);
  if (!stream) return Error::FromErrno("read " + file, errno);
  constexpr char kUnified[] = "0::";
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(kUnified)) return line.substr(sizeof(kUnified) - 1);
  }
  return Error::NotFound(file + " tells no cgroup v2");
}

}  // namespace nestor
