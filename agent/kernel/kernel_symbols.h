// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_KERNEL_SYMBOLS_H_
#define NESTOR_AGENT_KERNEL_KERNEL_SYMBOLS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nestor {

// The addresses of symbols of the running kernel, of those that `file` (/proc/kallsyms) tells;
// without CAP_SYSLOG it may tell none. Modules are not looked at. Cost: some 200,000 lines are
// read. Thread: any.
std::map<std::string, uint64_t> AddressesOf(const std::vector<std::string>& symbols,
                                            const std::string& file = "/proc/kallsyms");

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_KERNEL_SYMBOLS_H_
