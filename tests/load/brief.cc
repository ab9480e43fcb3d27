// SPDX-License-Identifier: Apache-2.0
// brief PROGRAM ARGUMENT...: an agent that is gone before anybody could look at it. It starts a
// session of its own, leaves a child behind and ends; once it is gone, the orphan becomes PROGRAM.
// Static and without a shell, so that its life is a few system calls long.
#include <unistd.h>

#include <cstdio>

namespace {

constexpr int kUsage = 2;
constexpr useconds_t kLookAgain = 1000;

// Only when it is somebody else's child was its parent's end seen by the kernel.
[[noreturn]] void BecomeOrphan(pid_t parent, char** program) {
  while (getppid() == parent) usleep(kLookAgain);
  execv(program[0], program);
  std::perror("brief: exec");
  _exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("brief: wrong usage: brief PROGRAM ARGUMENT...\n", stderr);
    return kUsage;
  }
  setsid();
  const pid_t self = getpid();
  const pid_t orphan = fork();
  if (orphan < 0) {
    std::perror("brief: fork");
    return 1;
  }
  if (orphan == 0) BecomeOrphan(self, argv + 1);
  return 0;
}
