// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_EVENT_INDEX_H_
#define NESTOR_AGENT_STORE_EVENT_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "agent/store/kept_event.h"

namespace nestor {

// The kept events by seq. One may leave from anywhere: its place stays empty until half of them
// are, so that adding and dropping cost the same however many are kept. Thread: one at a time.
class EventIndex {
 public:
  // Of a higher seq than all before.
  void Add(std::shared_ptr<KeptEvent> event);
  std::shared_ptr<KeptEvent> Drop(const KeptEvent& event);

  bool empty() const { return kept_ == 0; }
  size_t size() const { return kept_; }
  const KeptEvent& oldest() const { return *places_.front().event; }
  const KeptEvent& newest() const { return *places_.back().event; }

  // Goes from one kept event to the next.
  class Walk {
   public:
    explicit operator bool() const { return at_ < index_->places_.size(); }
    const std::shared_ptr<KeptEvent>& operator*() const { return index_->places_[at_].event; }
    void Next();

   private:
    friend class EventIndex;
    Walk(const EventIndex& index, size_t at) : index_(&index), at_(at) {}

    const EventIndex* index_;
    size_t at_;
  };
  // From the first one on whose seq is `seq` or higher.
  Walk From(uint64_t seq) const;

 private:
  struct Place {
    uint64_t seq;
    std::shared_ptr<KeptEvent> event;  // null: it has left
  };

  void Compact();

  std::deque<Place> places_;  // the first and the last one are never empty
  uint64_t first_ = 0;        // number of the first place
  size_t kept_ = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_EVENT_INDEX_H_
