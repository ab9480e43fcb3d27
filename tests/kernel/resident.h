// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_KERNEL_RESIDENT_H_
#define NESTOR_TESTS_KERNEL_RESIDENT_H_

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/kernel/sandbox.h"

namespace nestor {

// A process that lives in a container until it is ended.
class Resident {
 public:
  explicit Resident(const Sandbox& where,
                    const std::vector<std::string>& argv = {"/bin/sleep", "600"})
      : pid_(where.Exec(argv)) {
    AwaitProgram(pid_, "/sleep");
  }
  ~Resident() {
    kill(pid_, SIGKILL);
    Wait(pid_);
  }
  std::string pid() const { return std::to_string(pid_); }
  std::string root() const { return "/proc/" + pid() + "/root"; }

 private:
  pid_t pid_;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_KERNEL_RESIDENT_H_
