// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/words.h"

#include <string.h>

#include <algorithm>
#include <cstdint>

#include "tools/nestorctl/shell_quote.h"

namespace nestor::ctl {
namespace {

bool IsKnown(const v1::Process& process) { return process.pid() != 0; }

std::string EndName(const v1::HopEnd& end) {
  const bool here = IsKnown(end.process()) || !end.workload().container_id().empty();
  if (here) return WorkloadName(end.workload());
  return end.address().empty() ? "elsewhere" : end.address();
}

std::string PathBetween(const v1::HopEnd& from, const v1::HopEnd& to) {
  if (SamePod(from.workload(), to.workload())) {
    if (from.workload().container() == to.workload().container()) return to.workload().container();
    return from.workload().container() + " -> " + to.workload().container();
  }
  return EndName(from) + " -> " + EndName(to);
}

template <typename Hop>
bool Outgoing(const Hop& hop) {
  return hop.has_remote() && hop.detail().find("outgoing") != std::string::npos;
}

template <typename Hop>
std::string PathOf(const Hop& hop) {
  if (!hop.has_remote()) return PathBetween(hop.from(), hop.to());
  if (Outgoing(hop)) return EndName(hop.from()) + " -> " + RemoteName(hop.remote());
  return RemoteName(hop.remote()) + " -> " + EndName(hop.to());
}

// "open /etc/shadow"; an exec is told by its argv where there is one.
std::string Attempt(const v1::Verdict& verdict) {
  const bool exec = verdict.stage() == "check" || verdict.stage() == "exec";
  std::string text = exec ? "exec" : verdict.stage();
  if (!exec || verdict.argv().empty()) return text + " " + verdict.subject();
  for (const std::string& argument : verdict.argv()) text += " " + ShellQuote(argument);
  return text;
}

std::string RuleName(const v1::Verdict& verdict) {
  return verdict.policy().empty() ? verdict.rule() : verdict.policy() + "/" + verdict.rule();
}

Line RuleAndAttempt(std::string_view start, const v1::Verdict& verdict, Style style) {
  Line line;
  line.Add(start, style).AddShrinkable(RuleName(verdict), style).Add(" (", style);
  line.AddShrinkable(Attempt(verdict), style).Add(")", style);
  return line;
}

// At the stage "exec" the program has started: only a signal ends it.
Line AppliedDenial(const v1::Verdict& verdict) {
  const bool kill = verdict.action() == "kill" || verdict.stage() == "exec";
  Line line = RuleAndAttempt(kill ? "✗ killed by " : "✗ denied by ", verdict, Style::kBad);
  return line.Add(kill ? ": SIGKILL" : ": EPERM", Style::kBad);
}

Line FailedDenial(const v1::Verdict& verdict) {
  Line line =
      RuleAndAttempt("✗ NOT " + std::string(verdict.action() == "kill" ? "killed" : "denied") +
                         " though forbidden by ",
                     verdict, Style::kBad);
  return line.Add(verdict.error().empty() ? "" : ": " + verdict.error(), Style::kBad);
}

}  // namespace

std::string ShortId(std::string_view id) {
  constexpr size_t kShown = 8;
  return std::string(id.substr(id.size() > kShown ? id.size() - kShown : 0));
}

std::string WorkloadName(const v1::Workload& workload) {
  if (!workload.pod().empty()) {
    std::string name = workload.namespace_() + "/" + workload.pod();
    if (!workload.container().empty()) return name + "/" + workload.container();
    return workload.sandbox() ? name + " (sandbox)" : name;
  }
  constexpr size_t kShown = 12;  // as crictl shows it
  if (workload.container_id().empty()) return "host";
  return "container " + workload.container_id().substr(0, kShown);
}

bool SamePod(const v1::Workload& a, const v1::Workload& b) {
  const bool named = !a.container().empty() && !b.container().empty() && !a.pod().empty();
  return named && a.pod() == b.pod() && a.namespace_() == b.namespace_();
}

std::string RemoteName(const v1::Remote& remote) {
  const std::string node = remote.node().empty() ? "another node" : "node " + remote.node();
  return node + " (hop " + ShortId(remote.hop_id()) + ", process " + std::to_string(remote.pid()) +
         ")";
}

std::string LoginText(const v1::Login& login) {
  std::string how = login.method();
  if (!login.certificate().empty()) {
    how += ", certificate " + login.certificate();
  } else if (!login.key().empty()) {
    how += " " + login.key();
  }
  return login.user() + (how.empty() ? "" : " (" + how + ")");
}

bool IsOutgoing(const v1::ChainHop& hop) { return Outgoing(hop); }

std::string HopPath(const v1::Hop& hop) { return PathOf(hop); }
std::string HopPath(const v1::ChainHop& hop) { return PathOf(hop); }

std::string CommandLine(const v1::Process& process) {
  if (process.argv().empty()) return process.exe().empty() ? "?" : ShellQuote(process.exe());
  std::string line;
  for (const std::string& argument : process.argv()) {
    if (!line.empty()) line += ' ';
    line += ShellQuote(argument);
  }
  if (!process.argv_truncated()) return line;
  line += " …";
  return process.argc() == 0 ? line
                             : line + " (" + Count(process.argc(), "argument", "arguments") + ")";
}

std::string ProcessName(const v1::Process& process) {
  if (!IsKnown(process)) return "";
  const std::string& path =
      process.exe().empty() && !process.argv().empty() ? process.argv(0) : process.exe();
  const std::string name = path.substr(path.rfind('/') + 1);
  return (name.empty() ? "process" : name) + "[" + std::to_string(process.pid()) + "]";
}

std::string ProcessName(const v1::ProcessRef& process) {
  v1::Process same;
  same.set_pid(process.pid());
  same.set_exe(process.exe());
  return ProcessName(same);
}

std::string AgentTag(const v1::Process& process) {
  if (process.agent().empty()) return "";
  const bool nested = process.agent_depth() > 1;
  return "[" + process.agent() +
         (nested ? ", depth " + std::to_string(process.agent_depth()) : std::string()) + "]";
}

std::string ExitText(const v1::Exit& exit) {
  if (exit.signal() == 0) return "exit " + std::to_string(exit.code());
  const char* name = sigabbrev_np(static_cast<int>(exit.signal()));
  std::string text = "killed by ";
  text += name ? "SIG" + std::string(name) : "signal " + std::to_string(exit.signal());
  return exit.core_dumped() ? text + ", core dumped" : text;
}

std::string_view ConfidenceMark(std::string_view confidence) {
  if (confidence == "exact") return "";
  return confidence == "inferred" ? "~" : "?";
}

bool IsDenial(const v1::Verdict& verdict) {
  const bool forbids = verdict.action() == "deny" || verdict.action() == "kill";
  return verdict.applied() || (forbids && verdict.mode() != "audit");
}

Line VerdictLine(const v1::Verdict& verdict) {
  Line line;
  if (verdict.applied() && verdict.action() != "allow") {
    line = AppliedDenial(verdict);
  } else if (IsDenial(verdict)) {
    line = FailedDenial(verdict);
  } else if (verdict.action() == "allow") {
    line = RuleAndAttempt("✓ allowed by ", verdict, Style::kDim);
  } else if (verdict.action() == "audit") {
    line = RuleAndAttempt("! noted by ", verdict, Style::kWarning);
  } else {
    line = RuleAndAttempt("! would " + verdict.action() + ": ", verdict, Style::kWarning);
  }
  if (!verdict.message().empty()) line.AddExtra(" " + verdict.message(), Style::kDim);
  return line;
}

std::string ErrnoName(int result) {
  if (result == 0) return "";
  const char* name = result < 0 ? strerrorname_np(-result) : nullptr;
  return name ? name : "error " + std::to_string(result);
}

std::string Count(uint64_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + " " + std::string(number == 1 ? one : many);
}

}  // namespace nestor::ctl
