// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_PATH_H_
#define NESTOR_TOOLS_NESTORCTL_PATH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"

namespace nestor::ctl {

// An end of a path: the host, a process, or a pod or container by its names; an empty name is any.
struct Waypoint {
  bool host = false;
  uint32_t pid = 0;  // 0: not a process
  std::string namespace_name;
  std::string pod;
  std::string container;
};

// "host", "4160", "web-0", "team-a/web-0", "team-a/web-0/main".
Result<Waypoint> ParseWaypoint(std::string_view text);

// The ways by which chains went from one place to another: a chain each, with the hops of the way
// only, first one first, and without processes. A way that enters `to` and goes on inside it ends
// where it enters. At an ambiguous hop each candidate is a way.
std::vector<v1::Chain> FindPaths(const std::vector<v1::Chain>& chains, const Waypoint& from,
                                 const Waypoint& to);

// Each way under a title, a sentence a hop. `chains`: where candidates are looked up.
std::vector<Line> RenderPaths(const std::vector<v1::Chain>& paths,
                              const std::vector<v1::Chain>& chains);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_PATH_H_
