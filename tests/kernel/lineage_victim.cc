// SPDX-License-Identifier: Apache-2.0
// Unusual ways to come to a new program; each ends in `/bin/true WORD`.
//   thread WORD        a thread that does not lead its process becomes it
//   vfork WORD         a child that shares its parent's memory
//   clone-parent WORD  a child whose parent is its creator's parent
//   orphan WORD        a grandchild, when its parent is gone and a subreaper has it
//   levels N WORD      the last of N programs, each a child of the one before
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr int kNoSuchWay = 99;

int BecomeTrue(const char* word) {
  execl("/bin/true", "true", word, nullptr);
  return 100 + errno;
}

void* BecomeTrueInThread(void* word) { _exit(BecomeTrue(static_cast<const char*>(word))); }

int InThread(char* word) {
  pthread_t thread;
  pthread_create(&thread, nullptr, BecomeTrueInThread, word);
  pthread_join(thread, nullptr);
  return kNoSuchWay;
}

int StatusOf(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int ByVfork(const char* word) {
  const pid_t child = vfork();
  if (child == 0) _exit(BecomeTrue(word));
  return StatusOf(child);
}

// The creator ends at once; who waits is its parent, and waits for both.
int ByCloneParent(const char* word) {
  const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) _exit(BecomeTrue(word));
  return 0;
}

int AsOrphan(const char* word) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t reaper = getpid(), parent = fork();
  if (parent == 0) {
    if (fork() == 0) {
      while (getppid() != reaper) usleep(1000);
      _exit(BecomeTrue(word));
    }
    _exit(0);
  }
  StatusOf(parent);
  int status = 0;
  return wait(&status) > 0 && status == 0 ? 0 : 1;  // the grandchild
}

int ByLevels(char* self, int left, char* word) {
  if (left == 0) return BecomeTrue(word);
  const pid_t child = fork();
  if (child != 0) return StatusOf(child);
  execl(self, self, "levels", std::to_string(left - 1).c_str(), word, nullptr);
  _exit(100 + errno);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view way = argc > 1 ? argv[1] : "";
  if (way == "thread" && argc == 3) return InThread(argv[2]);
  if (way == "vfork" && argc == 3) return ByVfork(argv[2]);
  if (way == "clone-parent" && argc == 3) return ByCloneParent(argv[2]);
  if (way == "orphan" && argc == 3) return AsOrphan(argv[2]);
  if (way == "levels" && argc == 4) return ByLevels(argv[0], std::atoi(argv[2]), argv[3]);
  return kNoSuchWay;
}
