// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_VICTIM_H_
#define NESTOR_TESTS_CHAINS_AGENT_VICTIM_H_

#include <string>

namespace nestor::chains {

// A process that does what others write into its memory, one task after the other. Where that is,
// it says in /chains/ready/NAME. Returns only when it cannot begin.
int BeVictim(const std::string& name);

// Writes a task into a victim of this pid namespace, when that is idle. How: ptrace, vm-write
// (process_vm_writev) or mem-file (/proc/PID/mem). False, and a line on stderr, when it cannot.
bool WriteInto(const std::string& name, const std::string& how, const std::string& text);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_VICTIM_H_
