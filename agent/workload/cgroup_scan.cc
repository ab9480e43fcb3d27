// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/cgroup_scan.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "agent/workload/workload_index.h"

namespace nestor {
namespace {

constexpr size_t kMaxDepth = 32;

struct Directory {
  std::string path;
  size_t depth = 0;
};

// Adds the subdirectories of one directory to `found` and to what is left to visit. By hand and not
// by std::filesystem's recursive walk, which ends for good when a directory vanishes under it.
Status Visit(const Directory& directory, std::vector<Directory>& left,
             std::vector<FoundCgroup>& found) {
  const auto close = [](DIR* stream) { closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(opendir(directory.path.c_str()), close);
  if (!stream) {
    if (errno == ENOENT && directory.depth > 0) return {};
    return Error::FromErrno("read " + directory.path, errno);
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    std::string path = directory.path + "/" + name;
    struct stat info{};
    if (!ContainerIdFromCgroupName(name).empty()) {
      if (stat(path.c_str(), &info) == 0) found.push_back({info.st_ino, name});
      continue;  // what is below was made inside that container, whatever it is called
    }
    if (directory.depth + 1 < kMaxDepth) left.push_back({std::move(path), directory.depth + 1});
  }
  return {};
}

Result<FoundCgroup> FindByName(const std::string& root, const std::string& name) {
  auto all = FindContainerCgroups(root);
  if (!all) return all.error();
  std::erase_if(*all, [&](const FoundCgroup& found) { return found.name != name; });
  if (all->size() == 1) return std::move(all->front());
  return Error::NotFound(std::to_string(all->size()) + " cgroups below " + root + " are called " +
                         name);
}

}  // namespace

Result<std::vector<FoundCgroup>> FindContainerCgroups(const std::string& root) {
  std::vector<FoundCgroup> found;
  std::vector<Directory> left{{root, 0}};
  while (!left.empty()) {
    const Directory directory = std::move(left.back());
    left.pop_back();
    if (Status status = Visit(directory, left, found); !status) return status.error();
  }
  return found;
}

Result<FoundCgroup> FindContainerCgroup(const std::string& root, const std::string& path) {
  std::string name, directory;  // of the outermost one with an id
  bool relative = false;
  for (size_t begin = 0; begin < path.size() && name.empty();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part == "..") relative = true;
    if (!ContainerIdFromCgroupName(part).empty()) {
      name = part;
      directory = root + path.substr(0, end);
    }
    begin = end + 1;
  }
  if (name.empty()) return Error::NotFound("cgroup " + path + " is no container's");
  if (relative) return FindByName(root, name);
  struct stat info{};
  if (stat(directory.c_str(), &info) != 0) return Error::FromErrno("look at " + directory, errno);
  return FoundCgroup{info.st_ino, name};
}

std::string ContainerIdFromCgroupName(const std::string& name) {
  constexpr size_t kDigits = 64;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  std::string id;
  if (name.find("-conmon-") != std::string::npos) return id;
  for (size_t begin = 0; begin < name.size(); ++begin) {
    size_t end = begin;
    while (end < name.size() && is_hex(name[end])) ++end;
    if (end - begin == kDigits) id = name.substr(begin, kDigits);
    begin = end;
  }
  return id;
}

}  // namespace nestor
