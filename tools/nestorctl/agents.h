// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_AGENTS_H_
#define NESTOR_TOOLS_NESTORCTL_AGENTS_H_

#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// The agents of each container under its name, in order of start; a nested one is set in by its
// depth.
std::vector<Line> RenderAgents(const v1::ListAgentsResponse& response, WallTime now);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_AGENTS_H_
