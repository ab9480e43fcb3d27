// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/policy/recorded_agents.h"

#include <utility>

namespace nestor::ctl {

// What a child of this process begins with.
RecordedAgents::Place RecordedAgents::Below(const std::string& process) const {
  Place below;
  const auto found = places_.find(process);
  if (found == places_.end()) {
    below.unseen = true;
    return below;
  }
  below.above = found->second.above;
  below.unseen = found->second.unseen;
  if (!found->second.own.empty()) below.above.insert(found->second.own);
  return below;
}

// Of a process whose first program starts: its parent's, or where that is in another hop, those of
// who crossed into this one. Nothing is above an origin but what was before nestord.
RecordedAgents::Place RecordedAgents::AboveNew(const v1::Event& event) const {
  const auto parent = places_.find(event.parent().id());
  if (parent != places_.end() && parent->second.hop_id == event.hop_id())
    return Below(event.parent().id());
  const auto hop = hops_.find(event.hop_id());
  Place place;
  if (hop != hops_.end() && !hop->second.is_origin) place = Below(hop->second.from);
  // A parent that is not told of may be a fork of an agent inside this hop.
  const bool is_first = hop != hops_.end() && hop->second.first == event.process().id();
  place.unseen |= hop == hops_.end() || event.process().pre_existing() ||
                  (parent == places_.end() && !is_first);
  return place;
}

void RecordedAgents::Take(const v1::Event& event) {
  if (event.has_hop())
    hops_[event.hop().id()] = {event.hop().parent_id().empty(), event.hop().from().process().id(),
                               event.hop().to().process().id()};
  if (event.type() != "exec") return;
  const auto known = places_.find(event.process().id());
  Place place;
  if (known == places_.end()) {
    place = AboveNew(event);
  } else {
    place = std::move(known->second);
    // What an agent becomes is below it, but for the same agent.
    if (!place.own.empty() && place.own != event.process().agent()) place.above.insert(place.own);
  }
  place.hop_id = event.hop_id();
  place.own = event.process().agent();
  places_[event.process().id()] = std::move(place);
}

void RecordedAgents::Fill(const v1::Event& event, Subject& subject) const {
  const auto found = places_.find(event.process().id());
  if (found == places_.end()) {
    subject.way_agents_unseen = true;
    return;
  }
  subject.way_agents = {found->second.above.begin(), found->second.above.end()};
  subject.way_agents_unseen = found->second.unseen;
}

}  // namespace nestor::ctl
