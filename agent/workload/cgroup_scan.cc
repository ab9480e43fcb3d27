// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/cgroup_scan.h"

#include <sys/stat.h>

#include <filesystem>

#include "agent/workload/workload_index.h"

namespace nestor {

std::vector<FoundCgroup> FindContainerCgroups(const std::string& root) {
  constexpr int kMaxDepth = 32;
  std::vector<FoundCgroup> found;
  std::error_code error;
  using Walk = std::filesystem::recursive_directory_iterator;
  Walk walk(root, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && walk != Walk(); walk.increment(error)) {
    std::error_code gone;
    if (!walk->is_directory(gone) || walk->is_symlink(gone)) continue;
    if (walk.depth() >= kMaxDepth) walk.disable_recursion_pending();
    const std::string name = walk->path().filename();
    if (ContainerIdFromCgroupName(name).empty()) continue;
    struct stat info{};
    if (stat(walk->path().c_str(), &info) == 0) found.push_back({info.st_ino, name});
  }
  return found;
}

std::string ContainerIdFromCgroupName(const std::string& name) {
  constexpr size_t kDigits = 64;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  std::string id;
  for (size_t begin = 0; begin < name.size(); ++begin) {
    size_t end = begin;
    while (end < name.size() && is_hex(name[end])) ++end;
    if (end - begin == kDigits) id = name.substr(begin, kDigits);
    begin = end;
  }
  return id;
}

}  // namespace nestor
