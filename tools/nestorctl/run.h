// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_RUN_H_
#define NESTOR_TOOLS_NESTORCTL_RUN_H_

#include "tools/nestorctl/options.h"
#include "tools/nestorctl/output.h"
#include "tools/nestorctl/stopper.h"
#include "tools/nestorctl/terminal.h"

namespace nestor::ctl {

// Where a command reads its user's wishes and writes its answer.
struct Session {
  Options options;
  Format format = Format::kText;
  TerminalFacts terminal;
  bool color = false;
  int fd = 1;
  Output* output = nullptr;
  Stopper* stopper = nullptr;
};

// Runs the command; the answer goes to the output. The result is the exit code, or why it failed.
Result<int> Run(Session& session);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_RUN_H_
