// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_GAP_TEXT_H_
#define NESTOR_TOOLS_NESTORCTL_GAP_TEXT_H_

#include <cstdint>
#include <string>

namespace nestor::ctl {

// What of a gap a person wants to know; the words are those of nestor.v1.Gap.
struct GapFacts {
  std::string earlier, ending, kernel;
  uint64_t previous_number = 0, previous_seq = 0;
  bool same_boot = false;
  uint64_t previous_boot_ns = 0, boot_ns = 0;  // of one boot
  uint64_t previous_time_ns = 0, time_ns = 0;
  uint64_t losses = 0;
};

// "nestord was killed or crashed; last heartbeat 12 (seq 340), 3.2s before this start; rules stayed
// in force": a sentence.
std::string GapSentence(const GapFacts& gap);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_GAP_TEXT_H_
