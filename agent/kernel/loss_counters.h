// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_LOSS_COUNTERS_H_
#define NESTOR_AGENT_KERNEL_LOSS_COUNTERS_H_

#include <cstdint>
#include <vector>

#include "agent/event/record.h"

namespace nestor {

// What the kernel side lost, and how much of that readers know: both outlive nestord, so that a
// loss is told by whichever start comes to it. Thread: one.
class LossCounters {
 public:
  // Of the kernel's memory, which outlives this.
  struct Words {
    volatile uint64_t* undelivered = nullptr;  // what killed starts could not tell
    volatile uint64_t* undelivered_told = nullptr;
    volatile uint64_t* missed_told = nullptr;
  };

  // Descriptors of the maps `losses` and `reported_losses`; they stay the caller's.
  LossCounters(int losses, int reported, Words words)
      : losses_(losses), reported_(reported), words_(words) {}

  // `missed`: runs that the kernel left out.
  std::vector<LossRecord> Grown(uint64_t now_ns, uint64_t missed) const;
  // Readers know of these totals.
  void Confirm(const std::vector<LossRecord>& told);

 private:
  int losses_;
  int reported_;
  Words words_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_LOSS_COUNTERS_H_
