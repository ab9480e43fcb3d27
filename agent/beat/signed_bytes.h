// SPDX-License-Identifier: Apache-2.0
// The bytes that a signature is over, as proto/nestor/v1/event.proto says. Pure. Thread: any.
#ifndef NESTOR_AGENT_BEAT_SIGNED_BYTES_H_
#define NESTOR_AGENT_BEAT_SIGNED_BYTES_H_

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/event/event.h"

namespace nestor {

std::string SignedBytes(const HeartbeatInfo& beat);
std::string SignedBytes(const GapInfo& gap);

// The file of the last heartbeat: its signed bytes, then the signature.
std::string ToBeatFile(const HeartbeatInfo& beat);
// The inverse; whether the signature holds is another question. Error: the bytes are of nothing
// that ToBeatFile writes, with the place.
Result<HeartbeatInfo> FromBeatFile(std::string_view bytes);

// No heartbeat is longer: a node's name has 253 bytes at most.
inline constexpr size_t kLongestBeatFile = 4096;

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_SIGNED_BYTES_H_
