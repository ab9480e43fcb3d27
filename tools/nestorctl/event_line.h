// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_
#define NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_

#include <cstddef>

#include "nestor/v1/event.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// One event as one line: time, type, chain, depth, where, then what happened. The first columns are
// narrower when fewer than 120 are to be had (0: no limit).
Line EventLine(const v1::Event& event, WallTime now, size_t columns);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_EVENT_LINE_H_
