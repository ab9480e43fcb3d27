// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_EVENT_HEAP_BYTES_H_
#define NESTOR_AGENT_EVENT_HEAP_BYTES_H_

#include <cstddef>

#include "agent/event/event.h"

namespace nestor {

// What an allocation costs beside its bytes (the allocator's header and rounding).
constexpr size_t kAllocationBytes = 16;

// Each an estimate of what a value takes on the heap beside itself, so that a bound in bytes means
// memory and not a number of things. Thread: any.
size_t HeapBytes(const Event& event);
size_t HeapBytes(const ProcessInfo& process);
size_t HeapBytes(const HopInfo& hop);
size_t HeapBytes(const VerdictInfo& verdict);

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_HEAP_BYTES_H_
