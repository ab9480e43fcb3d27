// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_EVIDENCE_H_
#define NESTOR_AGENT_CHAIN_EVIDENCE_H_

#include <string>
#include <string_view>

#include "agent/event/event.h"
#include "agent/event/record.h"

namespace nestor {

// A sentence that says what was seen: "sshd[812] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from
// ssh[97]". `remote`: the other side of a hop between nodes, else nullptr. Thread: any.
std::string EvidenceOf(const HopRecord& hop, const Workload& to, const RemoteInfo* remote);

// Why an option from another node was refused. `node`: of the address; empty: unknown.
std::string TamperText(const TamperRecord& tamper, std::string_view node);
// "signal 9 to nestord: refused".
std::string GuardText(const GuardRecord& guard);

// What the hop's kind alone does not say, in words for programs: "uid 1000 -> 0", "mnt net",
// "ptrace", "terminal", "translated". Empty: nothing. Thread: any. Source: enum nestor_*_bits of
// bpf/abi.h, whose values are asserted in agent/kernel/decode.cc.
std::string DetailOf(const HopRecord& hop);

// "pts/3", "tty1"; "" for none. `device` is nestor_exec.tty.
std::string TtyName(uint32_t device);

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_EVIDENCE_H_
