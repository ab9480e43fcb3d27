// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/proc_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include "agent/base/unique_fd.h"
#include "agent/proc/ssh_login.h"

namespace nestor {
namespace {

// Bounds on what a process can make us read: its own command line is under its control.
constexpr size_t kMaxArgvBytes = 32'768;
constexpr size_t kMaxStatusBytes = 16'384;
constexpr size_t kMaxEnvironBytes = 131'072;

std::optional<std::string> ReadOpen(int file, size_t limit) {
  std::string content;
  std::array<char, 4096> chunk;
  while (content.size() < limit) {
    const ssize_t got = read(file, chunk.data(), chunk.size());
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    content.append(chunk.data(), static_cast<size_t>(got));
  }
  return content;
}

std::optional<std::string> ReadAll(const std::string& path, size_t limit) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return std::nullopt;
  return ReadOpen(file.get(), limit);
}

std::string ReadLink(const std::string& path) {
  std::array<char, 4096> target;
  const ssize_t got = readlink(path.c_str(), target.data(), target.size());
  return got > 0 ? std::string(target.data(), static_cast<size_t>(got)) : std::string();
}

// Field `number` of /proc/PID/stat as proc(5) counts, from 3 on: the second one, the name, may hold
// spaces and parentheses, so counting begins behind its last ')'.
std::optional<uint64_t> StatField(std::string_view stat, int number) {
  size_t at = stat.rfind(')');
  if (at == std::string_view::npos) return std::nullopt;
  for (int field = 2; field < number; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string_view::npos) return std::nullopt;
  }
  uint64_t value = 0;
  const char* begin = stat.data() + at + 1;
  const auto result = std::from_chars(begin, stat.data() + stat.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

// /proc rounds the start down to a clock tick.
bool SameStart(uint64_t start_ns, uint64_t ticks) {
  constexpr uint64_t kNsPerSecond = 1'000'000'000;
  static const uint64_t tick_ns = kNsPerSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const uint64_t shown = ticks * tick_ns;
  return start_ns + tick_ns >= shown && start_ns <= shown + 2 * tick_ns;
}

std::vector<std::string> SplitArgv(std::string_view bytes) {
  std::vector<std::string> argv;
  if (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
  if (bytes.empty()) return argv;
  for (size_t begin = 0;;) {
    const size_t end = bytes.find('\0', begin);
    argv.emplace_back(bytes.substr(begin, end - begin));
    if (end == std::string_view::npos) return argv;
    begin = end + 1;
  }
}

// Number `column` (1: effective) of a "Uid:\t0\t0\t0\t0" line.
uint32_t StatusNumber(const std::string& status, const std::string& key, int column) {
  size_t at = status.find("\n" + key + ":");
  if (at == std::string::npos) return 0;
  at += key.size() + 2;
  for (int skip = 0; skip < column; ++skip) {
    at = status.find_first_of(" \t", status.find_first_of("0123456789", at));
    if (at == std::string::npos) return 0;
  }
  return static_cast<uint32_t>(std::strtoul(status.c_str() + at, nullptr, 10));
}

// tty_nr of proc(5): minor in bits 31..20 and 7..0, major in 15..8.
std::string TtyOf(uint64_t device) {
  const uint64_t major = (device >> 8) & 0xff, minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (device == 0) return "";
  if (major >= 136 && major <= 143) return "pts/" + std::to_string((major - 136) * 256 + minor);
  if (major == 4) return "tty" + std::to_string(minor);
  return std::to_string(major) + ":" + std::to_string(minor);
}

// /proc/PID/stat, when it is that process's and not of another with its number.
std::optional<std::string> StatOf(const std::string& directory, ProcessKey key) {
  constexpr int kStart = 22;
  auto stat = ReadAll(directory + "stat", kMaxStatusBytes);
  if (!stat) return std::nullopt;
  const auto start = StatField(*stat, kStart);
  if (!start || !SameStart(key.start_ns, *start)) return std::nullopt;
  return stat;
}

// The value of a variable in the bytes of /proc/PID/environ.
std::string Variable(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    if (entry.starts_with(name)) return std::string(entry.substr(name.size()));
    environment.remove_prefix(std::min(environment.size(), entry.size() + 1));
  }
  return "";
}

// What sshd wrote for a process of this user. Inside its root, by no link: the user may put one
// there.
std::optional<std::string> ReadAuthInfo(const std::string& directory, const std::string& path,
                                        uint32_t uid) {
  constexpr std::string_view kWhere = "/tmp/sshauth.";  // auth.c of OpenSSH
  if (!path.starts_with(kWhere)) return std::nullopt;
  const UniqueFd root(open((directory + "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return std::nullopt;
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
  const UniqueFd file(
      static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how))));
  struct stat info{};
  if (!file.ok() || fstat(file.get(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode) || info.st_uid != uid || info.st_nlink != 1) return std::nullopt;
  return ReadOpen(file.get(), kMaxStatusBytes);
}

}  // namespace

std::optional<LoginInfo> ProcReader::Login(ProcessKey server, ProcessKey program) const {
  const std::string serving = root_ + "/" + std::to_string(server.tgid) + "/";
  const std::string directory = root_ + "/" + std::to_string(program.tgid) + "/";
  const auto title = ReadAll(serving + "cmdline", kMaxStatusBytes);
  if (!title || !StatOf(serving, server)) return std::nullopt;
  LoginInfo login;
  login.user = UserOfTitle(*title);
  if (login.user.empty()) return std::nullopt;
  const auto environment = ReadAll(directory + "environ", kMaxEnvironBytes);
  const auto status = ReadAll(directory + "status", kMaxStatusBytes);
  if (!environment || !status || !StatOf(directory, program)) return login;
  const auto text = ReadAuthInfo(directory, Variable(*environment, "SSH_USER_AUTH="),
                                 StatusNumber(*status, "Uid", 1));
  if (text) TakeAuthInfo(*text, login);
  return login;
}

bool ProcReader::ShowsNode() const {
  constexpr ino_t kRootPidNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO, include/linux/proc_ns.h
  struct stat info{};
  return stat((root_ + "/self/ns/pid").c_str(), &info) == 0 && info.st_ino == kRootPidNamespace;
}

bool ProcReader::Exists(ProcessKey key) const {
  return StatOf(root_ + "/" + std::to_string(key.tgid) + "/", key).has_value();
}

std::vector<uint32_t> ProcReader::Ancestors(ProcessKey key) const {
  constexpr size_t kMost = 64;
  constexpr int kParent = 4;
  std::vector<uint32_t> pids;
  auto stat = StatOf(root_ + "/" + std::to_string(key.tgid) + "/", key);
  while (stat && pids.size() < kMost) {
    const auto parent = StatField(*stat, kParent);
    if (!parent || *parent == 0) break;
    pids.push_back(static_cast<uint32_t>(*parent));
    stat = ReadAll(root_ + "/" + std::to_string(*parent) + "/stat", kMaxStatusBytes);
  }
  return pids;
}

std::optional<ProcessInfo> ProcReader::Read(ProcessKey key) const {
  const std::string directory = root_ + "/" + std::to_string(key.tgid) + "/";
  const auto stat = StatOf(directory, key);
  if (!stat) return std::nullopt;

  ProcessInfo info;
  info.key = key;
  info.pre_existing = true;
  info.exe = ReadLink(directory + "exe");
  info.cwd = ReadLink(directory + "cwd");
  if (const auto argv = ReadAll(directory + "cmdline", kMaxArgvBytes)) {
    info.argv = SplitArgv(*argv);
    info.argv_truncated = argv->size() >= kMaxArgvBytes;
  }
  if (const auto status = ReadAll(directory + "status", kMaxStatusBytes)) {
    info.uid = StatusNumber(*status, "Uid", 1);
    info.gid = StatusNumber(*status, "Gid", 1);
  }
  if (const auto login = ReadAll(directory + "loginuid", 64)) {
    info.auid = static_cast<uint32_t>(std::strtoul(login->c_str(), nullptr, 10));
  }
  constexpr int kTty = 7;
  info.tty = TtyOf(StatField(*stat, kTty).value_or(0));
  return info;
}

std::vector<UniqueFd> ProcReader::NetworkNamespaces() const {
  std::vector<UniqueFd> namespaces;
  std::set<ino_t> seen;
  const std::unique_ptr<DIR, decltype(&closedir)> processes(opendir(root_.c_str()), &closedir);
  if (!processes) return namespaces;
  while (const dirent* entry = readdir(processes.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const std::string path = root_ + "/" + entry->d_name + "/ns/net";
    UniqueFd one(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (!one.ok() || fstat(one.get(), &info) != 0 || !seen.insert(info.st_ino).second) continue;
    namespaces.push_back(std::move(one));
  }
  return namespaces;
}

}  // namespace nestor
