// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BEAT_GAP_H_
#define NESTOR_AGENT_BEAT_GAP_H_

#include <cstdint>
#include <string>

#include "agent/beat/keys.h"
#include "agent/event/event.h"

namespace nestor {

// Words of GapInfo::earlier.
inline constexpr char kEarlierKnown[] = "known";
inline constexpr char kEarlierNone[] = "none";  // a first start, or the state was removed
inline constexpr char kEarlierUnreadable[] = "unreadable";
inline constexpr char kEarlierNotOurs[] = "not-ours";   // its signature does not hold
inline constexpr char kEarlierUnusable[] = "unusable";  // the directory of the state is

// Words of GapInfo::ending.
inline constexpr char kEndedOnPurpose[] = "on-purpose";
inline constexpr char kEndedKilled[] = "killed";  // or crashed

// Words of GapInfo::kernel.
inline constexpr char kKernelKept[] = "kept";
inline constexpr char kKernelReplaced[] = "replaced";
inline constexpr char kKernelNothing[] = "nothing";

// What was found of the last heartbeat.
struct LastBeat {
  std::string earlier = kEarlierUnusable;
  HeartbeatInfo beat;  // when known
  std::string detail;  // why not, for a person
};

// The last heartbeat, out of its file's bytes; `key` is to have signed it. Pure.
LastBeat JudgeBeatFile(const std::string& bytes, const PublicKey& key);

// The fields of a gap that come from the last heartbeat; `gap.boot_id` is there already. Pure.
void FillEarlier(const LastBeat& last, GapInfo& gap);

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_GAP_H_
