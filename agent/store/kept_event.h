// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_KEPT_EVENT_H_
#define NESTOR_AGENT_STORE_KEPT_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "agent/store/event_class.h"

namespace nestor {

// An event of the past, with its place there.
struct KeptEvent {
  explicit KeptEvent(Masked<Event> one) : event(std::move(one)) {}

  Masked<Event> event;
  size_t bytes = 0;
  ClassCounts through{};      // events of each class up to and with this one
  KeptEvent* next = nullptr;  // in its share
  uint64_t place = 0;         // in the index
};

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_KEPT_EVENT_H_
