// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_TOLD_NAMES_H_
#define NESTOR_AGENT_KERNEL_TOLD_NAMES_H_

#include <cstdint>

#include "agent/base/result.h"

namespace nestor {

// Takes out of the tables of bpf/dns.bpf.h what is over at `now_ns` (boot clock), and counts the
// addresses and names of each network namespace anew. An answer that comes meanwhile may be counted
// twice or not at all until the next sweep. Thread: one.
Status SweepToldNames(int told_addresses, int dns_names, int told_counts, uint64_t now_ns);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_TOLD_NAMES_H_
