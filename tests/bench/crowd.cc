// SPDX-License-Identifier: Apache-2.0
// crowd LIVE STARTED: starts LIVE processes that stay, then others that end at once, until STARTED
// were started. Prints `started COUNT` on the way and in the end, and goes on at a byte from stdin;
// the end of stdin ends it and all.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr char kMember[] = "/payload/crowd_member";
constexpr long kTellEvery = 20'000;

// The child calls nothing that could touch the parent's memory.
pid_t Start(const char* argument) {
  const pid_t child = vfork();
  if (child == 0) {
    execl(kMember, kMember, argument, nullptr);
    _exit(127);
  }
  return child;
}

bool Tell(long started) {
  std::printf("started %ld\n", started);
  std::fflush(stdout);
  char byte = 0;
  return read(STDIN_FILENO, &byte, 1) == 1;
}

bool StartAll(long live, long all, std::vector<pid_t>& living) {
  for (long started = 0; started < all; ++started) {
    const bool stays = started < live;
    const pid_t child = Start(stays ? nullptr : std::to_string(started).c_str());
    if (child < 0) return false;
    if (stays) living.push_back(child);
    if (!stays && waitpid(child, nullptr, 0) != child) return false;
    if ((started + 1) % kTellEvery == 0 && started + 1 < all && !Tell(started + 1)) return true;
  }
  Tell(all);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<pid_t> living;
  const bool fine = StartAll(std::atol(argv[1]), std::atol(argv[2]), living);
  if (!fine) std::perror("crowd: start");
  for (const pid_t child : living) kill(child, SIGKILL);
  while (wait(nullptr) > 0) continue;
  return fine ? 0 : 1;
}
