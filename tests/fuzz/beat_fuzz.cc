// SPDX-License-Identifier: Apache-2.0
// The file of the last heartbeat: nothing but what nestord writes is taken, and that comes back as
// the same bytes; whoever wrote it, only the node's key makes it known.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/beat/gap.h"
#include "agent/beat/signed_bytes.h"
#include "tests/unit/beat/sample_beats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const nestor::PublicKey key = nestor::sample::Key().public_key();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto beat = nestor::FromBeatFile(bytes);
  if (beat && nestor::ToBeatFile(*beat) != bytes) std::abort();
  const nestor::LastBeat last = nestor::JudgeBeatFile(bytes, key);
  nestor::GapInfo gap;
  nestor::FillEarlier(last, gap);
  const bool known = last.earlier == nestor::kEarlierKnown;
  if (known && !key.Holds(nestor::SignedBytes(last.beat), last.beat.signature)) std::abort();
  if (!known && !(gap.previous.empty() && gap.previous_seq == 0)) std::abort();
  return 0;
}
