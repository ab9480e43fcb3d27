// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_LOSSES_H_
#define NESTOR_AGENT_PIPELINE_LOSSES_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/event/record.h"

namespace nestor {

// Where user space lost something, and all totals of this start. A total never falls: a counter
// that takes something back (a run that was left out and made good later) counts by the most it
// ever was, because readers have that and add up what it grew by. Thread: pipeline only.
class Losses {
 public:
  // `total` of one place since the start; what it grew by is due at the next Take.
  void SetTotal(const std::string& where, uint64_t total);
  void Add(const std::string& where, uint64_t count);
  // A report of the kernel side, whose totals are of all starts. One that came before is no news.
  void Pass(const LossRecord& record);

  // What was lost since the last call.
  std::vector<LossRecord> Take(uint64_t now_boot_ns);
  std::vector<std::pair<std::string, uint64_t>> totals() const;

 private:
  void Raise(const std::string& where, uint64_t total);

  std::map<std::string, uint64_t> totals_;
  std::map<std::string, uint64_t> reported_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_LOSSES_H_
