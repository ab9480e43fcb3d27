// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_STATUS_TEXT_H_
#define NESTOR_TOOLS_NESTORCTL_STATUS_TEXT_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

std::vector<Line> RenderStatus(const v1::Status& status, WallTime now);

// Why nestord is not ready: what is missing, else its warnings.
std::string WhyNotReady(const v1::Status& status);

// "612 B", "43.2 MiB"
std::string FormatBytes(uint64_t bytes);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_STATUS_TEXT_H_
