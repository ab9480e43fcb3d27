// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CHAIN_EVIDENCE_H_
#define NESTOR_AGENT_CHAIN_EVIDENCE_H_

#include <string>

#include "agent/event/event.h"
#include "agent/event/record.h"

namespace nestor {

// A sentence that says what was seen: "sshd[812] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from
// ssh[97]". Thread: any.
std::string EvidenceOf(const HopRecord& hop, const Workload& to);

// What the hop's kind alone does not say, in words for programs: "uid 1000 -> 0", "mnt net",
// "ptrace", "terminal", "translated". Empty: nothing. Thread: any. Source: enum nestor_*_bits of
// bpf/abi.h, whose values are asserted in agent/kernel/decode.cc.
std::string DetailOf(const HopRecord& hop);

// "pts/3", "tty1"; "" for none. `device` is nestor_exec.tty.
std::string TtyName(uint32_t device);

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_EVIDENCE_H_
