// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_EXEC_H_
#define NESTOR_TESTS_VM_POD_EXEC_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor::pod {

struct ExecOptions {
  bool tty = false;         // must equal what ExecUrl was asked with
  bool stdin_open = false;  // the same
};

// Runs a prepared command as `kubectl exec` does: connects our stdin, stdout and stderr with the
// streams at `url` and returns the command's exit code when it ended. With a tty, our terminal (if
// stdin is one) is raw meanwhile and its size is passed on. Blocks without bound, as the command
// does. Error: no connection, or the runtime could not run the command.
Result<int> StreamExec(const std::string& url, ExecOptions options);

// The exit code in the status that ends a command (a JSON object of kind Status, protocol
// v4.channel.k8s.io). Error: the command was not run; the runtime's words.
Result<int> ExitCodeOf(std::string_view status);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_EXEC_H_
