// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/sandbox.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace nestor {
namespace {

constexpr char kParent[] = "/sys/fs/cgroup/nestor-test";

std::string NewContainerId() {
  static int number = 0;
  const std::string digits = std::to_string(getpid()) + std::to_string(++number);
  return std::string(64 - digits.size(), 'a') + digits;
}

}  // namespace

Sandbox::Sandbox() {
  mkdir(kParent, 0755);
  directory_ = std::string(kParent) + "/cri-containerd-" + NewContainerId() + ".scope";
  EXPECT_EQ(mkdir(directory_.c_str(), 0755), 0) << directory_;
  struct stat info{};
  EXPECT_EQ(stat(directory_.c_str(), &info), 0);
  cgroup_id_ = info.st_ino;
}

Sandbox::~Sandbox() { rmdir(directory_.c_str()); }

pid_t Sandbox::Start(const std::function<int()>& body) const { return StartIn(directory_, body); }

pid_t StartIn(const std::string& cgroup, const std::function<int()>& body) {
  return StartChild([&] {
    std::ofstream procs(cgroup + "/cgroup.procs");
    procs << getpid() << std::flush;
    if (!procs || unshare(CLONE_NEWNS) != 0) return 99;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 98;
    return body();
  });
}

pid_t Sandbox::Exec(const std::vector<std::string>& argv) const {
  return Start([&] { return ExecHere(argv); });
}

std::string VictimPath() {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  const std::string path(self, length > 0 ? static_cast<size_t>(length) : 0);
  return path.substr(0, path.rfind('/')) + "/kernel_victim";
}

pid_t StartChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  EXPECT_GT(child, 0);
  return child;
}

void AwaitProgram(pid_t child, const std::string& name) {
  const std::string link = "/proc/" + std::to_string(child) + "/exe";
  char target[4096];
  for (;;) {
    const ssize_t length = readlink(link.c_str(), target, sizeof(target));
    ASSERT_GT(length, 0) << "process " << child << " is gone";
    if (std::string(target, static_cast<size_t>(length)).ends_with(name)) return;
    usleep(1000);
  }
}

int ExecHere(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execv(pointers[0], pointers.data());
  return 100 + errno;
}

int Wait(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace nestor
