// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_STORE_EVENT_SHARES_H_
#define NESTOR_AGENT_STORE_EVENT_SHARES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/store/event_class.h"

namespace nestor {

struct Event;
struct KeptEvent;

// The events of one container in one class, oldest first.
struct EventShare {
  KeptEvent* oldest = nullptr;
  KeptEvent* newest = nullptr;
  size_t events = 0;
  size_t bytes = 0;
};

// Whose share an event counts in: the container that caused it, so that a flood costs nobody else;
// of verdicts and nestord's own records each type by itself, so that losses do not push out
// heartbeats. Valid as long as the event.
struct ShareKey {
  EventType type;  // kExec where types are not kept apart
  std::string_view container;
};
ShareKey ShareKeyOf(const Event& event);

// The shares of one class. Thread: one at a time.
class ClassShares {
 public:
  void Add(KeptEvent& event);
  // The share with the most bytes; others may have grown as large while nothing was added to them.
  // Not when there is none.
  EventShare& Largest();
  // The share of one that was added.
  EventShare& ShareOf(const KeptEvent& event);
  // The oldest one of a share leaves it, and lives until this returns.
  void DropOldest(EventShare& share);

  size_t events() const { return events_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Hash {
    size_t operator()(const ShareKey& key) const {
      return std::hash<std::string_view>()(key.container) * 31 + static_cast<size_t>(key.type);
    }
  };
  struct Owner {
    EventType type;
    std::string container;
    EventShare share;
  };
  struct Same {
    bool operator()(const ShareKey& a, const ShareKey& b) const {
      return a.type == b.type && a.container == b.container;
    }
  };

  Owner& OwnerOf(const ShareKey& key);

  std::unordered_map<ShareKey, std::unique_ptr<Owner>, Hash, Same> shares_;
  size_t events_ = 0;
  size_t bytes_ = 0;
  EventShare* largest_ = nullptr;
  size_t looked_ago_ = 0;
  Owner* newest_ = nullptr;  // to which the newest event was added: the next one is often its, too
};

}  // namespace nestor

#endif  // NESTOR_AGENT_STORE_EVENT_SHARES_H_
