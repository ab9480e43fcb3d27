// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_OUTPUT_H_
#define NESTOR_TOOLS_NESTORCTL_OUTPUT_H_

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor::ctl {

// Writes text to a file descriptor whole, in as few calls as there are flushes. SIGPIPE must be
// ignored. Thread: one at a time.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  // Writes when much has come together.
  Status Add(std::string_view text);

  // kCancelled when the reader has gone away, which is a reader's right and no failure.
  Status Flush();
  Status Write(std::string_view text);

 private:
  int fd_;
  std::string pending_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_OUTPUT_H_
