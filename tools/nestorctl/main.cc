// SPDX-License-Identifier: Apache-2.0
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/run.h"

namespace nestor::ctl {
namespace {

// gRPC's own log lines would break the promise of one line an error.
void KeepQuiet(gpr_log_func_args*) {}

void Complain(const std::string& text) {
  // Nothing is left to tell a user whose stderr is gone.
  static_cast<void>(Output(STDERR_FILENO).Write(text));
}

int Fail(const Error& error, const Session& session) {
  if (error.code == ErrorCode::kCancelled) {  // the user's or the reader's wish: no news to them
    return session.stopper->interrupted() ? kExitFailure : kExitOk;
  }
  const std::string advice = AdviceFor(error, session.options.socket);
  Complain("nestorctl: " + EscapeHostile(error.message) +
           (advice.empty() ? "" : "; " + EscapeHostile(advice)) + "\n");
  // There, 1 is an answer.
  return session.options.command == Command::kVerify ? kExitUsage : kExitFailure;
}

int RunOptions(const Options& options, Stopper& stopper) {
  Output output(STDOUT_FILENO);
  Session session;
  session.options = options;
  session.terminal = ReadTerminalFacts(STDOUT_FILENO);
  session.format = ChooseFormat(options, session.terminal.is_terminal);
  session.color = UseColor(options.color, session.terminal);
  session.fd = STDOUT_FILENO;
  session.output = &output;
  session.stopper = &stopper;
  const auto exit_code = Run(session);
  return exit_code ? *exit_code : Fail(exit_code.error(), session);
}

int Main(const std::vector<std::string>& arguments) {
  signal(SIGPIPE, SIG_IGN);
  UseUnicodeWidths();
  const ParsedCommandLine parsed = ParseCommandLine(arguments);
  if (!parsed.options) {
    Complain(parsed.err);
    const Status printed = Output(STDOUT_FILENO).Write(parsed.out);
    const bool failed = !printed && printed.error().code != ErrorCode::kCancelled;
    return failed ? kExitFailure : parsed.exit_code;
  }
  gpr_set_log_function(KeepQuiet);
  const auto stopper = Stopper::Start(STDOUT_FILENO);
  if (!stopper) {
    Complain("nestorctl: " + stopper.error().message + "\n");
    return kExitFailure;
  }
  // After the signals are blocked, for it starts threads. Never undone: shutting down may wait 10 s
  // for gRPC's own poller.
  grpc_init();
  return RunOptions(*parsed.options, **stopper);
}

}  // namespace
}  // namespace nestor::ctl

int main(int argc, char** argv) { return nestor::ctl::Main({argv + 1, argv + argc}); }
