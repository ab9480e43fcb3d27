// SPDX-License-Identifier: Apache-2.0
// The phrases that several views share.
#ifndef NESTOR_TOOLS_NESTORCTL_WORDS_H_
#define NESTOR_TOOLS_NESTORCTL_WORDS_H_

#include <string>
#include <string_view>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"

namespace nestor::ctl {

// The last 8 digits of a hop or chain id: ids count up, so that their end tells them apart.
std::string ShortId(std::string_view id);

// "team-a/web-0/main", "container 1a2b3c4d5e6f" while its names are not known, or "host".
std::string WorkloadName(const v1::Workload& workload);

// Both are containers of one pod, and their names are known.
bool SamePod(const v1::Workload& a, const v1::Workload& b);

// Where a hop led: "team-a/web-0/ssh -> team-a/web-0/main", within one pod "ssh -> main",
// within one container "main".
std::string HopPath(const v1::Hop& hop);
std::string HopPath(const v1::ChainHop& hop);

// "node b (hop 0915c005, process 812)": the other side of a hop between nodes.
std::string RemoteName(const v1::Remote& remote);

// "alice (publickey ssh-ed25519 SHA256:...)", with a certificate's key id in place of the key.
std::string LoginText(const v1::Login& login);

// Whether a hop leads from here to another node.
bool IsOutgoing(const v1::ChainHop& hop);

// argv, shell-quoted; the executable when argv is not known.
std::string CommandLine(const v1::Process& process);

// "bash[4120]"; "" for a process that is not known.
std::string ProcessName(const v1::Process& process);

std::string ProcessName(const v1::ProcessRef& process);

// "[claude]", "[codex, depth 2]" of a known agent; "" for any other process.
std::string AgentTag(const v1::Process& process);

// "exit 1", "killed by SIGKILL", ", core dumped" behind it.
std::string ExitText(const v1::Exit& exit);

// "" exact, "~" inferred, "?" ambiguous and whatever else is not certain.
std::string_view ConfidenceMark(std::string_view confidence);

// "✗ denied by protect-credentials/no-shadow-access (open /etc/shadow): EPERM" and its kin.
Line VerdictLine(const v1::Verdict& verdict);

// The program was refused or killed, or should have been.
bool IsDenial(const v1::Verdict& verdict);

// "ECONNREFUSED" for -111; "" for 0.
std::string ErrnoName(int result);

// "1 hop", "2 hops"; irregular plurals in full.
std::string Count(uint64_t number, std::string_view one, std::string_view many);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_WORDS_H_
