// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BEAT_HEART_H_
#define NESTOR_AGENT_BEAT_HEART_H_

#include <cstdint>
#include <memory>
#include <string>

#include "agent/beat/gap.h"
#include "agent/beat/keeper.h"
#include "agent/beat/keys.h"
#include "agent/event/event.h"

namespace nestor {

// Both clocks at one time, ns.
struct Moment {
  uint64_t boot_ns = 0;  // CLOCK_BOOTTIME
  uint64_t time_ns = 0;  // CLOCK_REALTIME
};

struct HeartOptions {
  std::string node;  // UTF-8
  std::string boot_id;
  uint64_t instance = 0;  // CLOCK_BOOTTIME of this start
  uint64_t interval_ns = 30'000'000'000;
};

// Makes what one start of nestord signs, in order: its gap, then heartbeats. Reads no clock and
// waits for no disk. Thread: pipeline only.
class Heart {
 public:
  // `keeper`: null where no heartbeat can be kept. The last one is on the disk when this is gone.
  Heart(HeartOptions options, SigningKey key, LastBeat last, std::unique_ptr<Keeper> keeper);

  // The first event of the start (seq 1). `kernel`: a word of gap.h. `losses`: untold ones.
  GapInfo MakeGap(Moment now, const std::string& kernel, uint64_t losses);
  // Somebody made the last heartbeat unreadable, or another one; "": no.
  std::string Suspicion() const;

  bool Due(uint64_t now_boot_ns) const { return now_boot_ns >= due_ns_; }
  // The heartbeat that is event `seq`; it covers all since the one before.
  HeartbeatInfo Beat(Moment now, uint64_t seq, uint64_t losses, bool final);

  uint64_t beats() const { return number_; }
  // Heartbeats that the disk did not take.
  uint64_t unkept() const { return keeper_ ? keeper_->failures() : 0; }

 private:
  const HeartOptions options_;
  const SigningKey key_;
  const LastBeat last_;
  const std::unique_ptr<Keeper> keeper_;
  uint64_t number_ = 0;
  uint64_t last_seq_ = 0;
  uint64_t due_ns_ = 0;
  std::string previous_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_HEART_H_
