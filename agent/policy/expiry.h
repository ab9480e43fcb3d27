// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_EXPIRY_H_
#define NESTOR_AGENT_POLICY_EXPIRY_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/policy/document.h"

namespace nestor {

using Day = std::chrono::sys_days;

// Takes out the exceptions whose last day is before `today`; a sentence for each, with its place.
// Thread: any.
std::vector<std::string> RemoveExpired(PolicyDocument& policy, Day today);

// The first day on which an exception that counts `today` counts no longer; none: no such day.
std::optional<Day> NextExpiry(const PolicyDocument& policy, Day today);

// "2026-12-31".
std::string FormatDay(Day day);

// Today, in UTC.
Day Today();

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_EXPIRY_H_
