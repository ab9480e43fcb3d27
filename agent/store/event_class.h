// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_EVENT_CLASS_H_
#define NESTOR_AGENT_STORE_EVENT_CLASS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/event/vocabulary.h"

namespace nestor {

// What is kept apart in the past, so that much of one does not push out little of another.
enum class EventClass : uint8_t {
  kPrograms,     // exec, exit
  kConnections,  // connect, accept, bind, listen, file
  kHops,         // hop, workload
  kVerdicts,     // verdict, tamper
  kRecords,      // loss, heartbeat, gap: nestord's word about itself
};
constexpr size_t kEventClasses = 5;

EventClass ClassOf(EventType type);
// "programs", "connections", "hops", "verdicts", "records".
std::string_view Name(EventClass event_class);

// A number for each class.
using ClassCounts = std::array<uint64_t, kEventClasses>;

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_EVENT_CLASS_H_
