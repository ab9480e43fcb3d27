// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_index.h"

#include <algorithm>
#include <utility>

namespace nestor {

void EventIndex::Add(std::shared_ptr<KeptEvent> event) {
  event->place = first_ + places_.size();
  const uint64_t seq = event->event->seq;
  places_.push_back({seq, std::move(event)});
  ++kept_;
}

std::shared_ptr<KeptEvent> EventIndex::Drop(const KeptEvent& event) {
  std::shared_ptr<KeptEvent> left = std::move(places_[event.place - first_].event);
  --kept_;
  for (; !places_.empty() && !places_.front().event; ++first_) places_.pop_front();
  while (!places_.empty() && !places_.back().event) places_.pop_back();
  if (places_.size() > 2 * kept_) Compact();
  return left;
}

void EventIndex::Compact() {
  std::erase_if(places_, [](const Place& place) { return !place.event; });
  uint64_t number = first_;
  for (const Place& place : places_) place.event->place = number++;
}

void EventIndex::Walk::Next() {
  ++at_;
  while (*this && !**this) ++at_;
}

EventIndex::Walk EventIndex::From(uint64_t seq) const {
  const auto place = std::ranges::lower_bound(places_, seq, {}, &Place::seq);
  Walk walk(*this, static_cast<size_t>(place - places_.begin()));
  if (walk && !*walk) walk.Next();
  return walk;
}

}  // namespace nestor
