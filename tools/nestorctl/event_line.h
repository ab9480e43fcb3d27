// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_
#define NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_

#include "nestor/v1/event.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// One event as one line: time, type, chain, depth, where, then what happened.
Line EventLine(const v1::Event& event, WallTime now);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_
