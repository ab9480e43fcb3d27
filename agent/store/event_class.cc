// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_class.h"

#include <cstdlib>

namespace nestor {

EventClass ClassOf(EventType type) {
  switch (type) {
    case EventType::kExec:
    case EventType::kExit:
      return EventClass::kPrograms;
    case EventType::kConnect:
    case EventType::kAccept:
    case EventType::kBind:
    case EventType::kListen:
    case EventType::kFile:
      return EventClass::kConnections;
    case EventType::kHop:
    case EventType::kWorkload:
      return EventClass::kHops;
    case EventType::kVerdict:
    case EventType::kTamper:
      return EventClass::kVerdicts;
    case EventType::kLoss:
    case EventType::kHeartbeat:
    case EventType::kGap:
      return EventClass::kRecords;
  }
  std::abort();
}

std::string_view Name(EventClass event_class) {
  constexpr std::array<std::string_view, kEventClasses> kNames = {"programs", "connections", "hops",
                                                                  "verdicts", "records"};
  return kNames[static_cast<size_t>(event_class)];
}

}  // namespace nestor
