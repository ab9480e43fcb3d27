// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/chains/agent/bytes.h"

namespace nestor::chains {
namespace {

// Between fork and exec nothing here allocates: servers with threads start processes, too.
struct Image {
  const char* program;
  char* const* argv;
  int input;
};

[[noreturn]] void Become(const Image& image) {
  signal(SIGCHLD, SIG_DFL);  // su and shells wait for their children
  signal(SIGPIPE, SIG_DFL);
  dup2(image.input, STDIN_FILENO);
  execv(image.program, image.argv);
  _exit(127);
}

bool Fork(const Image& image) {
  const pid_t child = fork();
  if (child == 0) Become(image);
  return child > 0;
}

bool ForkTwice(const Image& image, bool wait_for_orphan) {
  const pid_t child = fork();
  if (child == 0) {
    const pid_t middle = getpid();
    if (fork() != 0) _exit(0);
    while (wait_for_orphan && getppid() == middle) sched_yield();
    Become(image);
  }
  if (child > 0) waitpid(child, nullptr, 0);
  return child > 0;
}

bool Spawn(const Image& image) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGCHLD);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_adddup2(&actions, image.input, STDIN_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, image.program, &actions, &attributes, image.argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error == 0;
}

bool StartImage(std::string_view how, const Image& image) {
  if (how == "spawn") return Spawn(image);
  if (how == "double") return ForkTwice(image, true);
  if (how == "brief") return ForkTwice(image, false);
  return Fork(image);
}

}  // namespace

bool Start(std::string_view how, const std::string& program, std::vector<std::string> argv,
           const std::string& input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const bool started = StartImage(how, {program.c_str(), pointers.data(), ends[0]});
  close(ends[0]);
  const bool given = WriteAll(ends[1], input);
  close(ends[1]);
  return started && given;
}

}  // namespace nestor::chains
