// SPDX-License-Identifier: Apache-2.0
// brief PROGRAM ARGUMENT...: starts an agent that is gone before anybody could look at it, and
// waits for its end. The agent (`brief-agent PROGRAM ARGUMENT...`) opens a session of its own,
// leaves a child behind and ends; once it is gone, the orphan becomes PROGRAM. Static and started
// by vfork, so that the agent's life is a few system calls long.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace {

constexpr int kUsage = 2;
constexpr useconds_t kLookAgain = 1000;
char agent_name[] = "brief-agent";

int Fail(const char* what) {
  std::perror(what);
  return 1;
}

// Only when it is somebody else's child was its parent's end seen by the kernel.
[[noreturn]] void BecomeOrphan(pid_t parent, char** program) {
  while (getppid() == parent) usleep(kLookAgain);
  execv(program[0], program);
  std::perror("brief: exec");
  _exit(127);
}

int LiveAndLeave(char** program) {
  setsid();
  const pid_t self = getpid();
  const pid_t orphan = fork();
  if (orphan == 0) BecomeOrphan(self, program);
  return orphan < 0 ? Fail("brief: fork") : 0;
}

int StartAgent(char** argv) {
  argv[0] = agent_name;
  const pid_t agent = vfork();
  if (agent == 0) {
    execv("/proc/self/exe", argv);
    _exit(127);
  }
  int status = 0;
  if (agent < 0 || waitpid(agent, &status, 0) != agent) return Fail("brief: agent");
  return status == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("brief: wrong usage: brief PROGRAM ARGUMENT...\n", stderr);
    return kUsage;
  }
  return std::string_view(argv[0]) == agent_name ? LiveAndLeave(argv + 1) : StartAgent(argv);
}
