// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/volumes.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "tests/vm/pod/names.h"

namespace nestor::pod {
namespace {

namespace fs = std::filesystem;

Status MakeDirectory(const std::string& path, mode_t mode = 0755) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error::FromErrno("make directory " + path, error.value());
  // Not left to the umask.
  if (chmod(path.c_str(), mode) != 0) return Error::FromErrno("set mode of " + path, errno);
  return {};
}

Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) return Error::FromErrno("write " + path, errno);
  return {};
}

Status Link(const std::string& target, const std::string& path) {
  std::error_code error;
  fs::create_symlink(target, path, error);
  if (error) return Error::FromErrno("make link " + path, error.value());
  return {};
}

std::string VolumeDirectory(const PodSpec& pod, const char* plugin, const Volume& volume) {
  return PodDirectory(pod.uid) + "/volumes/kubernetes.io~" + plugin + "/" + volume.name;
}

Result<std::string> PrepareEmptyDir(const PodSpec& pod, const Volume& volume) {
  const std::string path = VolumeDirectory(pod, "empty-dir", volume);
  if (Status status = MakeDirectory(path, 0777); !status) return status.error();
  if (volume.in_memory && mount("tmpfs", path.c_str(), "tmpfs", 0, "mode=0777") != 0) {
    return Error::FromErrno("mount tmpfs on " + path, errno);
  }
  return path;
}

bool HasType(const std::string& type, mode_t mode) {
  if (type.starts_with("Directory")) return S_ISDIR(mode);
  if (type.starts_with("File")) return S_ISREG(mode);
  if (type == "Socket") return S_ISSOCK(mode);
  if (type == "CharDevice") return S_ISCHR(mode);
  if (type == "BlockDevice") return S_ISBLK(mode);
  return true;
}

Result<std::string> PrepareHostPath(const Volume& volume) {
  const std::string& path = volume.host_path;
  struct stat found{};
  if (stat(path.c_str(), &found) == 0) {
    if (HasType(volume.host_path_type, found.st_mode)) return path;
    return Error::FailedPrecondition("hostPath " + path + " is not a " + volume.host_path_type);
  }
  if (errno != ENOENT) return Error::FromErrno("look at hostPath " + path, errno);
  // Without a type the runtime makes a directory, as it does under a kubelet.
  if (volume.host_path_type.empty()) return path;
  Status made = Error::NotFound("hostPath " + path + " does not exist");
  if (volume.host_path_type == "DirectoryOrCreate") made = MakeDirectory(path);
  if (volume.host_path_type == "FileOrCreate") made = WriteFile(path, "");
  if (!made) return made.error();
  return path;
}

Result<StringMap> FilesOf(const PodSpec& pod, const Volume& volume,
                          const std::map<std::string, StringMap>& config_maps) {
  const std::string id = pod.namespace_name + "/" + volume.config_map;
  const auto config_map = config_maps.find(id);
  if (config_map == config_maps.end()) {
    if (volume.optional) return StringMap();
    return Error::NotFound("volume `" + volume.name + "`: no ConfigMap " + id +
                           " in the files given");
  }
  if (volume.items.empty()) return config_map->second;
  StringMap files;
  for (const auto& [key, path] : volume.items) {
    const auto value = config_map->second.find(key);
    if (value == config_map->second.end()) {
      if (volume.optional) continue;
      return Error::NotFound("volume `" + volume.name + "`: ConfigMap " + id + " has no key " +
                             key);
    }
    files[path] = value->second;
  }
  return files;
}

Result<std::string> PrepareConfigMap(const PodSpec& pod, const Volume& volume,
                                     const std::map<std::string, StringMap>& config_maps) {
  const auto files = FilesOf(pod, volume, config_maps);
  if (!files) return files.error();
  const std::string path = VolumeDirectory(pod, "configmap", volume);
  const std::string generation = "..generation_1";
  if (Status status = MakeDirectory(path + "/" + generation); !status) return status.error();
  if (Status status = Link(generation, path + "/..data"); !status) return status.error();
  for (const auto& [name, text] : *files) {
    if (Status status = WriteFile(path + "/" + generation + "/" + name, text); !status) {
      return status.error();
    }
    if (Status status = Link("..data/" + name, path + "/" + name); !status) return status.error();
  }
  return path;
}

Status UnmountBelow(const std::string& directory) {
  std::ifstream mounts("/proc/self/mounts");
  std::string source, target, rest;
  std::vector<std::string> targets;
  while (mounts >> source >> target && std::getline(mounts, rest)) {
    if (target.starts_with(directory + "/")) targets.push_back(target);
  }
  // Later mounts may lie on earlier ones.
  for (auto it = targets.rbegin(); it != targets.rend(); ++it) {
    if (umount2(it->c_str(), MNT_DETACH) != 0) return Error::FromErrno("unmount " + *it, errno);
  }
  return {};
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return Error::FromErrno("delete " + path, error.value());
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> PrepareVolumes(
    const PodSpec& pod, const std::map<std::string, StringMap>& config_maps) {
  std::map<std::string, std::string> paths;
  for (const Volume& volume : pod.volumes) {
    Result<std::string> path = volume.kind == VolumeKind::kEmptyDir ? PrepareEmptyDir(pod, volume)
                               : volume.kind == VolumeKind::kHostPath
                                   ? PrepareHostPath(volume)
                                   : PrepareConfigMap(pod, volume, config_maps);
    if (!path) return path.error();
    paths[volume.name] = std::move(*path);
  }
  return paths;
}

Result<std::string> WriteHostsFile(const PodSpec& pod, const std::string& ip) {
  const std::string directory = PodDirectory(pod.uid);
  if (Status status = MakeDirectory(directory); !status) return status.error();
  const std::string path = directory + "/etc-hosts";
  const std::string text = "127.0.0.1\tlocalhost\n::1\tlocalhost\n" + ip + "\t" +
                           (pod.hostname.empty() ? pod.name : pod.hostname) + "\n";
  if (Status status = WriteFile(path, text); !status) return status.error();
  return path;
}

Status RemovePodFiles(const std::string& uid, const std::string& log_directory) {
  // Both are built from names that ReadManifests checked, or that a runtime reports: look again.
  if (!ValidName(uid)) return Error::InvalidArgument("pod uid `" + uid + "` is not a name");
  if (Status status = UnmountBelow(PodDirectory(uid)); !status) return status;
  if (Status status = RemoveTree(PodDirectory(uid)); !status) return status;
  return RemoveTree(log_directory);
}

}  // namespace nestor::pod
