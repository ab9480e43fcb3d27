// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/pin_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

namespace nestor {
namespace {

constexpr char kStatePrefix[] = "state-";
constexpr auto kRetry = std::chrono::milliseconds(50);

// 16 digits: a BPF file system has no names with dots, and all of one length sort by number.
std::string Hex(uint64_t number) {
  std::string digits(16, '0');
  for (size_t at = digits.size(); at-- > 0; number >>= 4)
    digits[at] = "0123456789abcdef"[number & 15];
  return digits;
}

std::vector<std::string> NamesIn(const std::string& directory) {
  const auto close = [](DIR* stream) { closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(opendir(directory.c_str()), close);
  std::vector<std::string> names;
  while (const dirent* entry = stream ? readdir(stream.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return Error::FromErrno("make " + path, errno);
}

// Removes what `remove` (unlink, rmdir) can; says what it cannot.
bool Take(const std::string& path, int (*remove)(const char*), Removal& removal) {
  if (remove(path.c_str()) == 0) return true;
  if (errno != ENOENT) removal.left.push_back(Error::FromErrno(path, errno).message);
  return false;
}

std::string In(const std::string& directory, const std::string& name) {
  std::string path = directory;
  path += '/';
  path += name;
  return path;
}

size_t TakeFiles(const std::string& directory, Removal& removal) {
  size_t taken = 0;
  for (const std::string& name : NamesIn(directory)) {
    taken += Take(In(directory, name), unlink, removal) ? 1 : 0;
  }
  Take(directory, rmdir, removal);
  return taken;
}

// The programs first: none works on with half of its maps' names gone.
Removal TakeState(const std::string& state) {
  Removal removal;
  const std::string links = state + "/links";
  for (const std::string& instance : NamesIn(links)) {
    removal.links += TakeFiles(In(links, instance), removal);
  }
  Take(links, rmdir, removal);
  removal.maps += TakeFiles(state + "/maps", removal);
  Take(state, rmdir, removal);
  return removal;
}

// Who holds the lock, from /proc/locks ("1: FLOCK  ADVISORY  WRITE 4711 00:1d:5678 0 EOF"); 0: not
// to be seen from here.
int HolderOf(int fd) {
  struct stat info{};
  if (fstat(fd, &info) != 0) return 0;
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, type, advice, access, place;
    int pid = 0;
    unsigned major_number = 0, minor_number = 0;
    unsigned long inode = 0;
    words >> number >> type >> advice >> access >> pid >> place;
    if (type != "FLOCK" ||
        std::sscanf(place.c_str(), "%x:%x:%lu", &major_number, &minor_number, &inode) != 3) {
      continue;
    }
    if (inode == info.st_ino && makedev(major_number, minor_number) == info.st_dev) return pid;
  }
  return 0;
}

bool IsStill(const std::string& path, int fd) {
  struct stat now{}, held{};
  return stat(path.c_str(), &now) == 0 && fstat(fd, &held) == 0 && now.st_ino == held.st_ino &&
         now.st_dev == held.st_dev;
}

}  // namespace

void Removal::Add(const Removal& other) {
  links += other.links;
  maps += other.maps;
  left.insert(left.end(), other.left.begin(), other.left.end());
}

Result<PinDirectory> PinDirectory::Open(const std::string& root, int patience_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  for (;;) {
    if (Status made = MakeDirectory(root); !made) return made.error();
    UniqueFd lock(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock.ok()) return Error::FromErrno("open " + root, errno);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      // An uninstall may have removed it between the two.
      if (IsStill(root, lock.get())) return PinDirectory(root, std::move(lock));
      continue;
    }
    if (errno != EWOULDBLOCK) return Error::FromErrno("lock " + root, errno);
    if (std::chrono::steady_clock::now() >= end) {
      const int pid = HolderOf(lock.get());
      return Error::FailedPrecondition(
          "another nestord" + (pid > 0 ? " (pid " + std::to_string(pid) + ")" : std::string()) +
          " uses " + root);
    }
    std::this_thread::sleep_for(kRetry);
  }
}

Status PinDirectory::Use(uint64_t layout, const std::vector<std::string>& maps) {
  state_ = root_ + "/" + kStatePrefix + Hex(layout);
  const auto is_there = [this](const std::string& map) {
    return access(MapPath(map).c_str(), F_OK) == 0;
  };
  const std::vector<uint64_t> instances = Instances();
  continued_ = std::all_of(maps.begin(), maps.end(), is_there) &&
               std::any_of(instances.begin(), instances.end(),
                           [this](uint64_t instance) { return HasLinks(instance); });
  if (!continued_) {
    const Removal removal = TakeState(state_);
    if (!removal.left.empty())
      return Error::FailedPrecondition("left half-made: " + removal.left[0]);
  }
  for (const char* part : {"", "/maps", "/links"}) {
    if (Status made = MakeDirectory(state_ + part); !made) return made.error();
  }
  return {};
}

std::vector<std::string> PinDirectory::Others() const {
  std::vector<std::string> others;
  for (const std::string& name : NamesIn(root_)) {
    if (name.starts_with(kStatePrefix) && root_ + "/" + name != state_) others.push_back(name);
  }
  return others;
}

std::string PinDirectory::LinkPath(uint64_t instance, const std::string& program) const {
  return state_ + "/links/" + Hex(instance) + "/" + program;
}

Status PinDirectory::MakeInstance(uint64_t instance) const {
  return MakeDirectory(state_ + "/links/" + Hex(instance));
}

std::vector<uint64_t> PinDirectory::Instances() const {
  std::vector<uint64_t> instances;
  for (const std::string& name : NamesIn(state_ + "/links")) {
    uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number, 16);
    instances.push_back(number);
  }
  return instances;
}

std::vector<std::string> PinDirectory::Links(uint64_t instance) const {
  std::vector<std::string> paths;
  const std::string directory = state_ + "/links/" + Hex(instance);
  for (const std::string& name : NamesIn(directory)) paths.push_back(In(directory, name));
  return paths;
}

Removal PinDirectory::RemoveInstance(uint64_t instance) const {
  Removal removal;
  removal.links = TakeFiles(state_ + "/links/" + Hex(instance), removal);
  return removal;
}

Removal PinDirectory::RemoveOthers() const {
  Removal removal;
  for (const std::string& other : Others()) removal.Add(TakeState(root_ + "/" + other));
  return removal;
}

Removal PinDirectory::RemoveAll() {
  state_.clear();
  Removal removal = RemoveOthers();
  for (const std::string& name : NamesIn(root_)) {
    const std::string path = root_ + "/" + name;
    const bool told = std::any_of(removal.left.begin(), removal.left.end(),
                                  [&](const std::string& left) { return left.starts_with(path); });
    if (!told) removal.left.push_back(path + ": not made by nestord");
  }
  if (removal.left.empty()) Take(root_, rmdir, removal);
  return removal;
}

bool IsInBpfFilesystem(const std::string& path) {
  struct statfs info{};
  std::string at = path;
  while (statfs(at.c_str(), &info) != 0) {
    const size_t slash = at.rfind('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) return false;
    at.resize(slash);
  }
  return info.f_type == BPF_FS_MAGIC;
}

}  // namespace nestor
