// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/gap.h"

#include <utility>

#include "agent/beat/signed_bytes.h"

namespace nestor {

LastBeat JudgeBeatFile(const std::string& bytes, const PublicKey& key) {
  auto beat = FromBeatFile(bytes);
  if (!beat) return {kEarlierUnreadable, {}, beat.error().message};
  if (beat->key_id != key.id()) {
    return {kEarlierNotOurs, {}, "another key has signed it: " + beat->key_id};
  }
  if (!key.Holds(SignedBytes(*beat), beat->signature)) {
    return {kEarlierNotOurs, {}, "its signature does not hold"};
  }
  return {kEarlierKnown, *std::move(beat), ""};
}

void FillEarlier(const LastBeat& last, GapInfo& gap) {
  gap.earlier = last.earlier;
  if (last.earlier != kEarlierKnown) return;
  const HeartbeatInfo& beat = last.beat;
  gap.previous_boot_id = beat.boot_id;
  gap.previous_instance = beat.instance;
  gap.previous_number = beat.number;
  gap.previous_seq = beat.last_seq;
  gap.previous_boot_ns = beat.boot_ns;
  gap.previous_time_ns = beat.time_ns;
  gap.same_boot = beat.boot_id == gap.boot_id;
  gap.ending = beat.final ? kEndedOnPurpose : kEndedKilled;
  gap.previous = Sha256Hex(SignedBytes(beat));
}

}  // namespace nestor
