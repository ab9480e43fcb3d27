// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/loss_counters.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "bpf/abi.h"

namespace nestor {
namespace {

constexpr std::array<std::string_view, NESTOR_LOSS_MAX> kNames = {
    "ring-control",   "ring-bulk",     "task-storage",   "socket-storage",   "argv-read",
    "argv-truncated", "path-read",     "path-truncated", "connection-table", "container-table",
    "policy-state",   "hop-table",     "cause-table",    "candidates",       "remote-option",
    "reached-pods",   "ring-verdicts", "dns-names",      "dns-answers"};
constexpr std::string_view kMissed = "program-missed", kUndelivered = "undelivered";

uint64_t Counter(int map, uint32_t where) {
  uint64_t total = 0;
  return bpf_map_lookup_elem(map, &where, &total) == 0 ? total : 0;
}

void Raise(volatile uint64_t* word, uint64_t total) {
  const uint64_t before = *word;
  *word = std::max(before, total);
}

}  // namespace

std::vector<LossRecord> LossCounters::Grown(uint64_t now_ns, uint64_t missed) const {
  std::vector<LossRecord> grown;
  const auto add = [&](std::string_view where, uint64_t told, uint64_t total) {
    if (total > told) grown.push_back({now_ns, std::string(where), total - told, total});
  };
  for (uint32_t where = 0; where < kNames.size(); ++where) {
    add(kNames[where], Counter(reported_, where), Counter(losses_, where));
  }
  add(kMissed, *words_.missed_told, missed);
  add(kUndelivered, *words_.undelivered_told, *words_.undelivered);
  return grown;
}

void LossCounters::Confirm(const std::vector<LossRecord>& told) {
  for (const LossRecord& loss : told) {
    if (loss.where == kMissed) Raise(words_.missed_told, loss.total);
    if (loss.where == kUndelivered) Raise(words_.undelivered_told, loss.total);
    const auto* name = std::ranges::find(kNames, loss.where);
    if (name == kNames.end()) continue;
    const auto where = static_cast<uint32_t>(name - kNames.begin());
    // Refused, it is told twice.
    bpf_map_update_elem(reported_, &where, &loss.total, BPF_ANY);
  }
}

}  // namespace nestor
