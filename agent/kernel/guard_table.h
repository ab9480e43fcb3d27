// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_GUARD_TABLE_H_
#define NESTOR_AGENT_KERNEL_GUARD_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/kernel/programs.h"
#include "bpf/abi.h"

struct bpf_link;
struct bpf_object;

namespace nestor {

// All of nestor's own that bpf/guard.bpf.c guards: the maps of an object, programs, links, files
// and directories, and the file systems of those that are in one of BPF's. A path that is not there
// does not count. Thread: any.
std::vector<nestor_guarded> GuardedThings(bpf_object* maps, const std::vector<Program>& programs,
                                          const std::vector<bpf_link*>& links,
                                          const std::vector<std::string>& paths);

// Makes the table hold these and nothing else: first what is new comes in, then what an earlier
// nestord had goes. Thread: one.
Status WriteGuarded(int table_fd, const std::vector<nestor_guarded>& things);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_GUARD_TABLE_H_
