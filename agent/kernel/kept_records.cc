// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/kept_records.h"

#include <algorithm>

namespace nestor {

void KeptRecords::Read(uint64_t position, uint64_t records) {
  kept_.push_back({.position = position, .records = records});
}

void KeptRecords::Note(Marks& marks, uint64_t made, uint64_t told, Clock::time_point now) {
  for (auto mark = marks.rbegin(); mark != marks.rend() && mark->seq == 0; ++mark) mark->seq = made;
  // Those told before stand in front.
  const auto untold =
      std::ranges::partition_point(marks, [](const Mark& mark) { return mark.told != kNever; });
  for (auto mark = untold; mark != marks.end() && mark->seq <= told; ++mark) mark->told = now;
}

void KeptRecords::Note(uint64_t made, uint64_t told, Clock::time_point now) {
  Note(kept_, made, told, now);
  Note(given_up_, made, told, now);
}

void KeptRecords::TakeSure(Clock::time_point since) {
  while (!given_up_.empty() && given_up_.front().told <= since) {
    AddUnsure(-given_up_.front().records);
    given_up_.pop_front();
  }
}

std::optional<uint64_t> KeptRecords::TakeTold(Clock::time_point since) {
  TakeSure(since);
  std::optional<uint64_t> position;
  while (!kept_.empty() && kept_.front().told <= since) {
    position = kept_.front().position;
    kept_.pop_front();
  }
  return position;
}

void KeptRecords::GiveUp(uint64_t position, uint64_t records) {
  for (const Mark& mark : kept_) records += mark.records;
  kept_.clear();
  // Counted before the kernel may write there: a kill in between counts too many, never too few.
  AddUnsure(records);
  // Without a reader they only become more: the newest are then one.
  constexpr size_t kMostMarks = 1024;
  if (given_up_.size() >= kMostMarks && given_up_.back().told == kNever) {
    records += given_up_.back().records;
    given_up_.pop_back();
  }
  given_up_.push_back({.position = position, .records = records});
}

void KeptRecords::Clear() {
  kept_.clear();
  for (const Mark& mark : given_up_) AddUnsure(-mark.records);
  given_up_.clear();
}

}  // namespace nestor
