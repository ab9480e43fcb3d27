// SPDX-License-Identifier: Apache-2.0
// What is known of the BPF programs by their names and sections. Thread: any.
#ifndef NESTOR_AGENT_KERNEL_HOOKS_H_
#define NESTOR_AGENT_KERNEL_HOOKS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct btf;

namespace nestor {

// What is lost where this kernel does not take the program, for doctor.
std::string EffectOf(std::string_view program);
// What this program is needed for: kinds of rules, bits (1 << enum nestor_rule_event), and
// NESTOR_APPLIES_DIGESTS, NESTOR_ASKS_.... 0: it is there whatever rules there are.
uint32_t RuleEventsOf(std::string_view program);
// The programs that this is said of, by name: all that judge. Thread: any.
std::vector<std::string_view> JudgingPrograms();
// The program of the same hook that does this one's work, too, while it is attached. Empty: none.
std::string_view CoveredBy(std::string_view program);
// Without it nothing useful runs.
bool IsRequired(std::string_view program);
// Marks agents, for rules that ask for them.
bool IsForAgents(std::string_view program);
// Only needed while a rule asks for names of peers.
bool IsForNames(std::string_view program);
// Only where the kernel hashes files (CONFIG_IMA).
bool IsForDigests(std::string_view program);
bool CanHash(const btf* kernel);
// Only where peers are configured.
bool IsForPeers(std::string_view program);
// Run by nestord when it wants it, not attached.
bool IsIterator(std::string_view program);
// Does what the first one of its hook was left out of.
bool IsSecond(std::string_view program);
// Comes after a receive by what its function is; the tracepoint comes after all.
bool IsReplacedByTracepoint(std::string_view program);
// Whether the kernel has what the program wants to attach to, by its BTF.
bool HasTarget(const btf* kernel, std::string_view section);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_HOOKS_H_
