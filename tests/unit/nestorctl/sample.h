// SPDX-License-Identifier: Apache-2.0
// Chains to draw in tests: what nestord would send of the story that the product is made for.
#ifndef NESTOR_TESTS_UNIT_NESTORCTL_SAMPLE_H_
#define NESTOR_TESTS_UNIT_NESTORCTL_SAMPLE_H_

#include <chrono>
#include <initializer_list>
#include <string>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl::sample {

inline constexpr WallTime kNow(std::chrono::seconds(1'790'000'000));

v1::Workload Container(const std::string& container);
v1::Process Process(uint32_t pid, std::initializer_list<std::string> argv);

// Adds to `chain` and returns what was added, to be changed further.
v1::ChainHop* AddHop(v1::Chain& chain, const std::string& id, const std::string& parent_id,
                     const std::string& kind, const std::string& confidence);
v1::ChainProcess* AddProcess(v1::Chain& chain, const std::string& hop_id, uint32_t parent_pid,
                             const v1::Process& process);
void End(v1::ChainProcess* process, uint32_t code, uint32_t signal);

v1::Verdict Denied(const std::string& subject);
v1::Verdict WouldDeny(const std::string& subject);

// Agents below agents, through hops of many kinds and of every confidence; some of it ended.
v1::Chain Nested();

v1::Agent Agent(const std::string& name, uint32_t pid, uint32_t depth,
                const std::string& container);

// kubectl exec into a sidecar, ssh into the main container, a secret asked for there.
v1::Chain Story();

}  // namespace nestor::ctl::sample

#endif  // NESTOR_TESTS_UNIT_NESTORCTL_SAMPLE_H_
