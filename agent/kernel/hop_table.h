// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_HOP_TABLE_H_
#define NESTOR_AGENT_KERNEL_HOP_TABLE_H_

#include <vector>

#include "agent/base/result.h"
#include "agent/event/record.h"

namespace nestor {

// The kernel's table of announced hops (bpf/hop.bpf.h), oldest first. One that is being announced
// in this moment may be missing: its record is in the ring then. Thread: any.
Result<std::vector<HopRecord>> ReadHopTable(int fd);
// Takes hops out of this table, or of another one that is by hop.
void DeleteHops(int fd, const std::vector<HopId>& hops);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_HOP_TABLE_H_
