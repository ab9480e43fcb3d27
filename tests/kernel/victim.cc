// SPDX-License-Identifier: Apache-2.0
// What the tests start: small, static, one behaviour for each first argument.
//   forbidden             ends with 5: it ran although a policy forbids this argument
//   race SELF             starts SELF with an argument that changes all the time
//   exec32 PROGRAM        starts PROGRAM `forbidden` by a 32-bit system call
//   execveat PROGRAM      starts PROGRAM `forbidden` by a descriptor
//   serve FAMILY NAME     accepts one connection; a child of its own runs `/bin/true served`
//   ask FAMILY NAME       connects, waits for the server's end
//   wait-then-true GATE   waits until the file GATE is there, then becomes /bin/true
//   ptrace PID            attaches to PID and lets it go; vm-writev PID, mem-file PID: gets at its
//   memory for writing;
//                         mem-read PID: for reading
// An exec that failed ends with 100 + errno.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr int kRanForbidden = 5;

[[noreturn]] void* FlipForEver(void* argument) {
  auto* byte = static_cast<volatile char*>(argument);
  for (;;) {
    *byte = 'F';
    for (volatile int i = 0; i < 300; i = i + 1) continue;
    *byte = 'f';
    for (volatile int i = 0; i < 300; i = i + 1) continue;
  }
}

int Race(char* program) {
  static char argument[] = "forbidden";
  pthread_t flipper;
  pthread_create(&flipper, nullptr, FlipForEver, argument);
  usleep(1000 + static_cast<unsigned>(getpid()) % 1000);
  char* argv[] = {program, argument, nullptr};
  execv(program, argv);
  return 100 + errno;
}

// i386's execve takes pointers below 4 GiB and is reached from 64-bit code by int 0x80.
int Exec32(const char* program) {
  void* low =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return 90;
  auto* page = static_cast<char*>(low);
  std::strncpy(page, program, 1023);
  std::strcpy(page + 1024, "forbidden");
  const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(page));
  const uint32_t argv[3] = {address, address + 1024, 0};
  std::memcpy(page + 2048, argv, sizeof(argv));
  constexpr int kExecve32 = 11;
  int result = kExecve32;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(address), "c"(address + 2048), "d"(0)
               : "memory", "r8", "r9", "r10", "r11");
  return 100 - result;
}

int ExecveAt(const char* program) {
  const int file = open(program, O_PATH | O_CLOEXEC);
  const char* argv[] = {"x", "forbidden", nullptr};
  const char* environment[] = {nullptr};
  syscall(SYS_execveat, file, "", argv, environment, AT_EMPTY_PATH);
  return 100 + errno;
}

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Endpoint EndpointOf(std::string_view family, const char* name) {
  Endpoint endpoint;
  if (family == "unix") {  // abstract
    auto* to = reinterpret_cast<sockaddr_un*>(&endpoint.storage);
    to->sun_family = AF_UNIX;
    std::strncpy(to->sun_path + 1, name, sizeof(to->sun_path) - 2);
    endpoint.length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name));
  } else if (family == "inet") {
    auto* to = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
    *to = {AF_INET, htons(static_cast<uint16_t>(std::atoi(name))), {htonl(INADDR_LOOPBACK)}, {}};
    endpoint.length = sizeof(*to);
  } else {
    auto* to = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(static_cast<uint16_t>(std::atoi(name)));
    to->sin6_addr = in6addr_loopback;
    endpoint.length = sizeof(*to);
  }
  return endpoint;
}

int Serve(const Endpoint& at) {
  const int listener = socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener, at.address(), at.length) != 0 || listen(listener, 8) != 0) return 1;
  if (accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) < 0) return 2;
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/true", "/bin/true", "served", nullptr);
    _exit(100 + errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? 0 : 3;
}

int Ask(const Endpoint& at) {
  constexpr int kTries = 5000;  // the server may not listen yet
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const int client = socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client, at.address(), at.length) == 0) {
      char byte;
      return read(client, &byte, 1) == 0 ? 0 : 2;
    }
    close(client);
    usleep(1000);
  }
  return 1;
}

int WaitThenTrue(const char* gate) {
  while (access(gate, F_OK) != 0) usleep(1000);
  execl("/bin/true", "/bin/true", "went-on", nullptr);
  return 100 + errno;
}

int Trace(pid_t target) {
  if (ptrace(PTRACE_ATTACH, target, nullptr, nullptr) != 0) return 1;
  if (waitpid(target, nullptr, 0) != target) return 2;
  return ptrace(PTRACE_DETACH, target, nullptr, nullptr) == 0 ? 0 : 3;
}

// Nothing is there at address 8: that the right was given is what counts.
int VmWritev(pid_t target) {
  char byte = 0;
  const iovec local = {&byte, 1}, remote = {reinterpret_cast<void*>(8), 1};
  process_vm_writev(target, &local, 1, &remote, 1, 0);
  return errno == EFAULT ? 0 : 1;
}

int MemFile(const char* target, int flags) {
  const std::string path = std::string("/proc/") + target + "/mem";
  return open(path.c_str(), flags | O_CLOEXEC) >= 0 ? 0 : 1;
}

// As a loader of one's own does, that maps a program to read first.
int Protect(const char* program) {
  constexpr size_t kPage = 4096;
  const int file = open(program, O_RDONLY | O_CLOEXEC);
  void* mapped = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, file, 0);
  if (file < 0 || mapped == MAP_FAILED) return 2;
  return mprotect(mapped, kPage, PROT_READ | PROT_EXEC) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "forbidden") return kRanForbidden;
  if (what == "race" && argc == 3) return Race(argv[2]);
  if (what == "exec32" && argc == 3) return Exec32(argv[2]);
  if (what == "execveat" && argc == 3) return ExecveAt(argv[2]);
  if (what == "serve" && argc == 4) return Serve(EndpointOf(argv[2], argv[3]));
  if (what == "ask" && argc == 4) return Ask(EndpointOf(argv[2], argv[3]));
  if (what == "wait-then-true" && argc == 3) return WaitThenTrue(argv[2]);
  if (what == "protect" && argc == 3) return Protect(argv[2]);
  if (what == "ptrace" && argc == 3) return Trace(std::atoi(argv[2]));
  if (what == "vm-writev" && argc == 3) return VmWritev(std::atoi(argv[2]));
  if (what == "mem-file" && argc == 3) return MemFile(argv[2], O_RDWR);
  if (what == "mem-read" && argc == 3) return MemFile(argv[2], O_RDONLY);
  return 0;
}
