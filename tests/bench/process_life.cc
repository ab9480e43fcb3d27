// SPDX-License-Identifier: Apache-2.0
// process_life [ROUNDS]: the life of a process, ROUNDS times: vfork, exec of itself, exit, wait.
// Prints microseconds a round.
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

double NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

bool LiveOnce(const char* self) {
  const pid_t child = vfork();
  if (child == 0) {
    execl(self, self, "child", nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "child") == 0) return 0;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 1000;
  constexpr int kWarmUp = 50;
  for (int i = 0; i < kWarmUp; ++i) {
    if (!LiveOnce("/proc/self/exe")) return 1;
  }
  const double begin = NowMicroseconds();
  for (int i = 0; i < rounds; ++i) {
    if (!LiveOnce("/proc/self/exe")) return 1;
  }
  std::printf("%.1f\n", (NowMicroseconds() - begin) / rounds);
  return 0;
}
