// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/losses.h"

#include <algorithm>

namespace nestor {

void Losses::SetTotal(const std::string& where, uint64_t total) {
  if (total > 0) Raise(where, total);
}

void Losses::Add(const std::string& where, uint64_t count) {
  if (count > 0) totals_[where] += count;
}

void Losses::Pass(const LossRecord& record) {
  Raise(record.where, record.total);
  // What it grew by; the rest an earlier start has told.
  reported_.try_emplace(record.where, record.total - std::min(record.count, record.total));
}

void Losses::Raise(const std::string& where, uint64_t total) {
  uint64_t& most = totals_[where];
  most = std::max(most, total);
}

std::vector<LossRecord> Losses::Take(uint64_t now_boot_ns) {
  std::vector<LossRecord> grown;
  for (const auto& [where, total] : totals_) {
    uint64_t& reported = reported_[where];
    if (total <= reported) continue;
    grown.push_back({now_boot_ns, where, total - reported, total});
    reported = total;
  }
  return grown;
}

std::vector<std::pair<std::string, uint64_t>> Losses::totals() const {
  return {totals_.begin(), totals_.end()};
}

}  // namespace nestor
