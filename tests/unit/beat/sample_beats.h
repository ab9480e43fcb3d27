// SPDX-License-Identifier: Apache-2.0
// A key that others know (RFC 8032, test 1), and what it signs.
#ifndef NESTOR_TESTS_UNIT_BEAT_SAMPLE_BEATS_H_
#define NESTOR_TESTS_UNIT_BEAT_SAMPLE_BEATS_H_

#include <string>

#include "agent/beat/keys.h"
#include "agent/beat/signed_bytes.h"
#include "agent/event/event.h"

namespace nestor::sample {

inline constexpr char kKeyPem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
inline constexpr char kPublicPem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr char kKeyId[] = "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9";

inline SigningKey Key() { return *SigningKey::FromPem(kKeyPem); }
inline SigningKey OtherKey() { return *SigningKey::Generate(); }

// Each field is something of its own.
inline HeartbeatInfo Beat() {
  HeartbeatInfo beat{.node = "node-a",
                     .boot_id = "b00t",
                     .instance = 1,
                     .number = 2,
                     .first_seq = 3,
                     .last_seq = 4,
                     .losses = 5,
                     .interval_ns = 10'000'000'000,
                     .boot_ns = 7,
                     .time_ns = 1'764'191'921'000'000'008,
                     .final = true,
                     .previous = "",
                     .key_id = kKeyId,
                     .signature = ""};
  for (int i = 0; i < 32; ++i) beat.previous += "ab";
  beat.signature = Key().Sign(SignedBytes(beat));
  return beat;
}

inline GapInfo Gap() {
  GapInfo gap{.node = "node-a",
              .boot_id = "b00t",
              .instance = 1,
              .boot_ns = 2,
              .time_ns = 3,
              .earlier = "known",
              .previous_boot_id = "old",
              .previous_instance = 4,
              .previous_number = 5,
              .previous_seq = 6,
              .previous_boot_ns = 7,
              .previous_time_ns = 8,
              .same_boot = false,
              .ending = "killed",
              .kernel = "kept",
              .losses = 9,
              .previous = "",
              .key_id = kKeyId,
              .signature = ""};
  for (int i = 0; i < 32; ++i) gap.previous += "cd";
  gap.signature = Key().Sign(SignedBytes(gap));
  return gap;
}

}  // namespace nestor::sample

#endif  // NESTOR_TESTS_UNIT_BEAT_SAMPLE_BEATS_H_
