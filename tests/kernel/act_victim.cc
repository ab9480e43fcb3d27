// SPDX-License-Identifier: Apache-2.0
// One act for each first argument; ends with 0, or the errno that it got.
//   ptrace PID             seizes PID; ptrace32: by a 32-bit system call
//   traceme                asks its parent to trace it
//   vm-read PID, vm-write PID, getfd PID
//   mem PID r|rw           opens /proc/PID/mem
//   clone FLAGS, clone3 FLAGS, unshare FLAGS, unshare32 FLAGS   flags as numbers
//   setns FILE             enters the namespace; setns-pidfd PID FLAGS: several of a process's
//   setns-then-mount       enters its own user namespace, which cannot be, and mounts something
//   setuid UID, setfsuid UID
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

template <typename T>
int ErrnoOf(T result) {
  return result < 0 ? errno : 0;
}

// i386's system call, which 64-bit code reaches by int 0x80.
int Call32(int number, uint32_t first, uint32_t second) {
  int result = number;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(first), "c"(second), "d"(0), "S"(0)
               : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? -result : 0;
}

// Nothing is there at address 8: that the right was given is what counts.
int Copy(pid_t target, bool write) {
  char byte = 0;
  const iovec local = {&byte, 1}, remote = {reinterpret_cast<void*>(8), 1};
  const ssize_t done = write ? process_vm_writev(target, &local, 1, &remote, 1, 0)
                             : process_vm_readv(target, &local, 1, &remote, 1, 0);
  return done < 0 && errno != EFAULT ? errno : 0;
}

int GetFd(pid_t target) {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, target, 0));
  return process < 0 ? 90 : ErrnoOf(syscall(SYS_pidfd_getfd, process, 0, 0));
}

int OpenMemory(const std::string& target, std::string_view way) {
  return ErrnoOf(open(("/proc/" + target + "/mem").c_str(), way == "rw" ? O_RDWR : O_RDONLY));
}

int EndOf(pid_t child) {
  if (child == 0) _exit(0);
  if (child < 0) return errno;
  return waitpid(child, nullptr, 0) == child ? 0 : 91;
}

int Clone(uint64_t flags) {
  return EndOf(static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0)));
}

int Clone3(uint64_t flags) {
  clone_args arguments{};
  arguments.flags = flags;
  arguments.exit_signal = SIGCHLD;
  return EndOf(static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments))));
}

int Enter(const char* file) {
  const int descriptor = open(file, O_RDONLY);
  return descriptor < 0 ? 90 : ErrnoOf(setns(descriptor, 0));
}

int EnterThoseOf(pid_t target, int flags) {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, target, 0));
  return process < 0 ? 90 : ErrnoOf(setns(process, flags));
}

int EnterThenMount() {
  if (Enter("/proc/self/ns/user") != EINVAL) return 92;
  return ErrnoOf(mount("none", "/mnt", "tmpfs", 0, nullptr));
}

int SetFsUid(uid_t uid) {
  setfsuid(uid);
  return static_cast<uid_t>(setfsuid(static_cast<uid_t>(-1))) == uid ? 0 : EPERM;
}

int Trace(std::string_view what, pid_t target) {
  if (what == "ptrace") return ErrnoOf(ptrace(PTRACE_SEIZE, target, nullptr, nullptr));
  if (what == "ptrace32") return Call32(26, PTRACE_SEIZE, static_cast<uint32_t>(target));
  if (what == "vm-read") return Copy(target, false);
  if (what == "vm-write") return Copy(target, true);
  return what == "getfd" ? GetFd(target) : 99;
}

int MakeNamespaces(std::string_view what, uint64_t flags) {
  if (what == "clone") return Clone(flags);
  if (what == "clone3") return Clone3(flags);
  if (what == "unshare") return ErrnoOf(unshare(static_cast<int>(flags)));
  return what == "unshare32" ? Call32(310, static_cast<uint32_t>(flags), 0) : 99;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "traceme") return ErrnoOf(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
  if (what == "setns-then-mount") return EnterThenMount();
  if (argc < 3) return 99;
  const uint64_t number = std::strtoull(argv[2], nullptr, 0);
  if (what == "mem" && argc == 4) return OpenMemory(argv[2], argv[3]);
  if (what == "setns") return Enter(argv[2]);
  if (what == "setns-pidfd" && argc == 4)
    return EnterThoseOf(static_cast<pid_t>(number), std::atoi(argv[3]));
  if (what == "setuid") return ErrnoOf(setuid(static_cast<uid_t>(number)));
  if (what == "setfsuid") return SetFsUid(static_cast<uid_t>(number));
  if (what.find("clone") == 0 || what.find("unshare") == 0) return MakeNamespaces(what, number);
  return Trace(what, static_cast<pid_t>(number));
}
