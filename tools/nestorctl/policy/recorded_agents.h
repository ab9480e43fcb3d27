// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_RECORDED_AGENTS_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_RECORDED_AGENTS_H_

#include <set>
#include <string>
#include <unordered_map>

#include "agent/policy/subject.h"
#include "nestor/v1/event.pb.h"

namespace nestor::ctl {

// Which agents processes are below, from the events of a stream: who executed what, and below whom.
// The kernel knows the same by its own marks, see "The way of a chain" in agent/policy/README.md.
// Thread: one.
class RecordedAgents {
 public:
  // Every event, in order.
  void Take(const v1::Event& event);
  // The agents that what the process of this event does came through. Unseen: those above a process
  // whose start, or whose parent's, the stream does not tell of.
  void Fill(const v1::Event& event, Subject& subject) const;

 private:
  struct Place {
    std::string hop_id;
    std::string own;              // the agent that it is; empty: none
    std::set<std::string> above;  // those that it is below
    bool unseen = false;          // and perhaps others
  };
  struct Hop {
    bool is_origin = false;
    std::string from;   // the process that crossed it
    std::string first;  // that began in it
  };

  Place Below(const std::string& process) const;
  Place AboveNew(const v1::Event& event) const;

  std::unordered_map<std::string, Place> places_;  // by process id
  std::unordered_map<std::string, Hop> hops_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_RECORDED_AGENTS_H_
