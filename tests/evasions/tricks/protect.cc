// SPDX-License-Identifier: Apache-2.0
// This program is static: the kernel gave it no interpreter, and so it is one itself.
#include <fcntl.h>
#include <sys/mman.h>

#include <cstdio>

#include "tests/evasions/tricks/tricks.h"

namespace nestor::evasions {

int Protect(std::span<char* const> arguments) {
  const int file = open(arguments[0], O_RDONLY | O_CLOEXEC);
  if (file < 0) return Fail("trick: open");
  void* mapped = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapped == MAP_FAILED) return Fail("trick: map");
  if (mprotect(mapped, kPage, PROT_READ | PROT_EXEC) != 0) return Fail("trick: protect");
  std::printf("ran %s\n", arguments[1]);
  return 0;
}

}  // namespace nestor::evasions
