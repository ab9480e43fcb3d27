// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_WAYS_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_WAYS_H_

#include <string>
#include <unordered_map>

#include "agent/policy/subject.h"
#include "nestor/v1/event.pb.h"

namespace nestor::ctl {

// The ways that chains came, from the hop events of a stream: each hop is told before the first
// event that names it. Thread: one.
class Ways {
 public:
  void Take(const v1::Hop& hop);
  // Fills the way to this hop. What the stream does not tell of is unseen.
  void Fill(const std::string& hop_id, Subject& subject) const;

 private:
  struct Step {
    std::string parent_id;
    HopKind kind = HopKind::kNone;
    Workload left;     // host: no container, or the same on both sides
    std::string user;  // who logged in over it; empty: nobody, or not known
    bool ambiguous = false;
  };
  std::unordered_map<std::string, Step> steps_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_WAYS_H_
