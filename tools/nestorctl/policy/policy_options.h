// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_POLICY_OPTIONS_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_POLICY_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace nestor::ctl {

inline constexpr char kPolicyDirectory[] = "/etc/nestor/policies.d";

// What the command line of `nestorctl policy …` said.
struct PolicyOptions {
  std::vector<std::string> files;  // policies: files or folders
  std::string before, after;       // diff
  std::string name, mode;          // mode
  std::string events;              // replay: a file; "-": stdin

  // explain: one act.
  std::vector<std::string> argv;
  std::string exe, open, access = "read", connect, act, by, from = "image", sha256;
  std::vector<std::string> is;
  std::string namespace_name = "default", pod = "pod", container = "container", image;
  std::vector<std::string> labels;  // key=value
  std::string origin = "container-entrypoint";
  std::vector<std::string> through_hops, through_containers, through_agents, users;
  uint32_t depth = 0;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_POLICY_OPTIONS_H_
