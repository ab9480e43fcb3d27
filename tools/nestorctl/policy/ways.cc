// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/policy/ways.h"

namespace nestor::ctl {

void Ways::Take(const v1::Hop& hop) {
  Step& step = steps_[hop.id()];
  step.parent_id = hop.parent_id();
  step.kind = HopKindFromName(hop.kind()).value_or(HopKind::kNone);
  step.user = hop.login().user();
  step.ambiguous = hop.candidate_ids_size() > 0;
  const v1::Workload& from = hop.from().workload();
  if (from.container_id() == hop.to().workload().container_id()) return;
  step.left = {from.namespace_(), from.pod(),          from.pod_uid(),
               from.container(),  from.container_id(), from.image()};
  step.left.pending = from.pending();
}

void Ways::Fill(const std::string& hop_id, Subject& subject) const {
  size_t steps = 0;  // hostile input may go in a circle
  for (std::string at = hop_id; !at.empty(); ++steps) {
    const auto found = steps_.find(at);
    if (found == steps_.end() || steps > steps_.size()) {
      subject.way_unseen = true;
      return;
    }
    const Step& step = found->second;
    subject.way_hops |= 1U << static_cast<unsigned>(step.kind);
    subject.way_unseen |= step.ambiguous;
    if (!step.user.empty()) subject.way_users.push_back(step.user);
    subject.way_users_unseen |= step.user.empty() && step.kind == HopKind::kSshLogin;
    if (!step.left.host()) subject.way_left.push_back(step.left);
    at = step.parent_id;
  }
}

}  // namespace nestor::ctl
