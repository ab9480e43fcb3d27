// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_DECODE_H_
#define NESTOR_AGENT_KERNEL_DECODE_H_

#include <cstddef>
#include <span>

#include "agent/base/result.h"
#include "agent/event/record.h"

struct nestor_actor;

namespace nestor {

// The actor of a record, or of the task iterator. Thread: any.
Actor ToActor(const nestor_actor& raw);

// One ring record (bpf/abi.h) as a value. Pure; reads nothing outside `bytes`, whatever they hold.
// Error kInvalidArgument: too short, a size, kind or span that does not fit; says which and where.
// Thread: any.
Result<Record> Decode(std::span<const std::byte> bytes);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_DECODE_H_
