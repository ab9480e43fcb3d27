// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/heart.h"

#include <utility>

#include "agent/beat/signed_bytes.h"

namespace nestor {

Heart::Heart(HeartOptions options, SigningKey key, LastBeat last, std::unique_ptr<Keeper> keeper)
    : options_(std::move(options)),
      key_(std::move(key)),
      last_(std::move(last)),
      keeper_(std::move(keeper)) {}

GapInfo Heart::MakeGap(Moment now, const std::string& kernel, uint64_t losses) {
  GapInfo gap;
  gap.node = options_.node;
  gap.boot_id = options_.boot_id;
  gap.instance = options_.instance;
  gap.boot_ns = now.boot_ns;
  gap.time_ns = now.time_ns;
  FillEarlier(last_, gap);
  gap.kernel = kernel;
  gap.losses = losses;
  gap.key_id = key_.public_key().id();
  const std::string bytes = SignedBytes(gap);
  gap.signature = key_.Sign(bytes);
  previous_ = Sha256Hex(bytes);
  return gap;
}

std::string Heart::Suspicion() const {
  if (last_.earlier == kEarlierUnreadable || last_.earlier == kEarlierNotOurs) return last_.detail;
  return "";
}

HeartbeatInfo Heart::Beat(Moment now, uint64_t seq, uint64_t losses, bool final) {
  HeartbeatInfo beat;
  beat.node = options_.node;
  beat.boot_id = options_.boot_id;
  beat.instance = options_.instance;
  beat.number = ++number_;
  beat.first_seq = last_seq_ + 1;
  beat.last_seq = last_seq_ = seq;
  beat.losses = losses;
  beat.interval_ns = options_.interval_ns;
  beat.boot_ns = now.boot_ns;
  beat.time_ns = now.time_ns;
  beat.final = final;
  beat.previous = previous_;
  beat.key_id = key_.public_key().id();
  const std::string bytes = SignedBytes(beat);
  beat.signature = key_.Sign(bytes);
  previous_ = Sha256Hex(bytes);
  due_ns_ = now.boot_ns + options_.interval_ns;
  if (keeper_) keeper_->Keep(beat);
  return beat;
}

}  // namespace nestor
