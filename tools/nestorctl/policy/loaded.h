// SPDX-License-Identifier: Apache-2.0
// What nestord has in force, as `nestorctl policy ls` and `mode` show it.
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_LOADED_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_LOADED_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/run.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// A table of policies, with --all of their rules, too.
std::vector<Line> RenderLoaded(const v1::Status& status, bool all, WallTime now);

// The mode of one policy, and how it becomes another one. nestord takes no changes over its socket:
// what is in force is what the files say, and who may write them is the cluster's business.
Result<std::vector<Line>> RenderMode(const v1::Status& status, const std::string& name,
                                     const std::string& mode, WallTime now);

Result<int> PrintLoaded(Session& session, const v1::Status& status);
Result<int> PrintMode(Session& session, const v1::Status& status);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_LOADED_H_
