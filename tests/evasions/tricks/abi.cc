// SPDX-License-Identifier: Apache-2.0
// The kernel's other doors to execve.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "tests/evasions/tricks/tricks.h"

namespace nestor::evasions {
namespace {

constexpr long kExecve32 = 11, kExecveX32 = 0x40000000 | 520;

// What a 32-bit execve wants, all of it below 4 GiB.
struct Low {
  char path[1024];
  char tag[1024];
  uint32_t argv[3];
  uint32_t environment[1];
};
static_assert(sizeof(Low) <= kPage);

uint32_t Address(const void* pointer) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer));
}

Low* Prepare(const char* path, const char* tag) {
  void* memory =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  Low* low = static_cast<Low*>(memory);
  std::strncpy(low->path, path, sizeof(low->path) - 1);
  std::strncpy(low->tag, tag, sizeof(low->tag) - 1);
  low->argv[0] = Address(low->path);
  low->argv[1] = Address(low->tag);
  return low;
}

int Failed(long result, const char* what) {
  errno = static_cast<int>(-result);
  return Fail(what);
}

}  // namespace

int Int80(std::span<char* const> arguments) {
  const Low* low = Prepare(arguments[0], arguments[1]);
  if (!low) return Fail("trick: memory below 4 GiB");
  long result = kExecve32;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(low->path), "c"(low->argv), "d"(low->environment)
               : "memory", "r8", "r9", "r10", "r11");
  return Failed(result, "trick: int 0x80");
}

int X32(std::span<char* const> arguments) {
  const Low* low = Prepare(arguments[0], arguments[1]);
  if (!low) return Fail("trick: memory below 4 GiB");
  long result = kExecveX32;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(low->path), "S"(low->argv), "d"(low->environment)
               : "memory", "rcx", "r11");
  return Failed(result, "trick: x32");
}

}  // namespace nestor::evasions
