// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_TIME_TEXT_H_
#define NESTOR_TOOLS_NESTORCTL_TIME_TEXT_H_

#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor::ctl {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

WallTime Now();
WallTime ToWallTime(const google::protobuf::Timestamp& timestamp);
google::protobuf::Timestamp ToTimestamp(WallTime time);

// "500ms", "10s", "10m", "2h", "3d", and sums like "1h30m"; at most 10 years, never negative.
Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// A duration before `now`, or an RFC 3339 time ("2026-11-24T02:00:00Z").
Result<WallTime> ParseSince(const std::string& text, WallTime now);

// The two largest units at most: "45s", "3m", "2h5m", "4d7h"; "0s" below a second and for times to
// come.
std::string FormatAge(std::chrono::nanoseconds age);

// Shorter than FormatAge for what is over quickly: "12ms", "3.4s", then as FormatAge.
std::string FormatRunTime(std::chrono::nanoseconds time);

// "14:03:07.123" in local time, with the date before it when that is not today's.
std::string FormatClock(WallTime time, WallTime now);

// "2026-11-24 14:03:07 UTC"
std::string FormatDate(WallTime time);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_TIME_TEXT_H_
