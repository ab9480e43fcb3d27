// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_shares.h"

#include <utility>

#include "agent/store/kept_event.h"

namespace nestor {
namespace {

// So many events go before the largest share is looked for again.
constexpr size_t kLookEvery = 128;

}  // namespace

ShareKey ShareKeyOf(const Event& event) {
  const EventClass in = ClassOf(event.type);
  const bool by_type = in == EventClass::kVerdicts || in == EventClass::kRecords;
  ShareKey key{by_type ? event.type : EventType::kExec, event.workload.container_id};
  // Who opens a hop causes it: not the server that it leads to.
  if (event.hop && !event.hop->from.workload.container_id.empty())
    key.container = event.hop->from.workload.container_id;
  return key;
}

ClassShares::Owner& ClassShares::OwnerOf(const ShareKey& key) {
  if (newest_ && newest_->type == key.type && newest_->container == key.container) return *newest_;
  auto found = shares_.find(key);
  if (found == shares_.end()) {
    auto owner = std::make_unique<Owner>(key.type, std::string(key.container));
    const ShareKey own{key.type, owner->container};
    found = shares_.emplace(own, std::move(owner)).first;
  }
  newest_ = found->second.get();
  return *newest_;
}

void ClassShares::Add(KeptEvent& event) {
  EventShare& share = OwnerOf(ShareKeyOf(*event.event)).share;
  (share.newest ? share.newest->next : share.oldest) = &event;
  share.newest = &event;
  ++share.events;
  share.bytes += event.bytes;
  ++events_;
  bytes_ += event.bytes;
  if (largest_ && share.bytes > largest_->bytes) largest_ = &share;
}

EventShare& ClassShares::ShareOf(const KeptEvent& event) {
  return shares_.at(ShareKeyOf(*event.event))->share;
}

// One that grows past the largest takes its place at once (Add); while that one gives, another one
// becomes the largest, which is seen at the next look. It never gives more than down to the mean.
EventShare& ClassShares::Largest() {
  if (largest_ && ++looked_ago_ < kLookEvery && largest_->bytes * shares_.size() > bytes_)
    return *largest_;
  looked_ago_ = 0;
  largest_ = nullptr;
  for (const auto& [key, owner] : shares_) {
    if (!largest_ || owner->share.bytes > largest_->bytes) largest_ = &owner->share;
  }
  return *largest_;
}

void ClassShares::DropOldest(EventShare& share) {
  KeptEvent& event = *share.oldest;
  share.oldest = event.next;
  if (!share.oldest) share.newest = nullptr;
  --share.events;
  share.bytes -= event.bytes;
  --events_;
  bytes_ -= event.bytes;
  if (share.events > 0) return;
  if (largest_ == &share) largest_ = nullptr;
  const auto own = shares_.find(ShareKeyOf(*event.event));
  if (newest_ == own->second.get()) newest_ = nullptr;
  shares_.erase(own);
}

}  // namespace nestor
