// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_KERNEL_SANDBOX_H_
#define NESTOR_TESTS_KERNEL_SANDBOX_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace nestor {

// What the kernel side takes for a container: a cgroup named by a 64-digit id, and a mount
// namespace of its own. Tests with a real runtime are in tests/story.
class Sandbox {
 public:
  Sandbox();
  ~Sandbox();

  // Runs `body` in a child inside the container; its return value is the exit code.
  pid_t Start(const std::function<int()>& body) const;
  // Starts a program in there.
  pid_t Exec(const std::vector<std::string>& argv) const;
  uint64_t cgroup_id() const { return cgroup_id_; }
  // Its cgroup's.
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  uint64_t cgroup_id_ = 0;
};

// Runs `body` in a child that the host puts into this cgroup, with a mount namespace of its own.
pid_t StartIn(const std::string& cgroup, const std::function<int()>& body);
// The program of victim.cc, built beside this one.
std::string VictimPath();
// Runs `body` in a child on the host side.
pid_t StartChild(const std::function<int()>& body);
// Returns once `child` runs a program whose path ends in `name`: until then it is a copy of us.
void AwaitProgram(pid_t child, const std::string& name);
// execv; returns 100 + errno when it fails (EPERM: 101).
int ExecHere(const std::vector<std::string>& argv);
// Waits. Exit code, or 1000 + signal.
int Wait(pid_t child);
inline constexpr int kRefused = 101;
inline constexpr int kKilled = 1009;

}  // namespace nestor

#endif  // NESTOR_TESTS_KERNEL_SANDBOX_H_
