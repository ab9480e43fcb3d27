// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/expiry.h"

#include <algorithm>
#include <cstdio>

namespace nestor {

std::vector<std::string> RemoveExpired(PolicyDocument& policy, Day today) {
  std::vector<std::string> said;
  for (RuleDocument& rule : policy.rules) {
    const auto expired = [today](const ExceptionDocument& exception) {
      return exception.until && *exception.until < today;
    };
    for (const ExceptionDocument& exception : rule.exceptions) {
      if (!expired(exception)) continue;
      said.push_back(policy.file + ":" + std::to_string(exception.mark.line) + ":" +
                     std::to_string(exception.mark.column) + ": the exception of rule `" +
                     rule.name + "` ended with " + FormatDay(*exception.until) +
                     " and counts no longer");
    }
    std::erase_if(rule.exceptions, expired);
  }
  return said;
}

std::optional<Day> NextExpiry(const PolicyDocument& policy, Day today) {
  std::optional<Day> next;
  for (const RuleDocument& rule : policy.rules)
    for (const ExceptionDocument& exception : rule.exceptions) {
      if (!exception.until || *exception.until < today) continue;
      const Day after = *exception.until + std::chrono::days(1);
      next = next ? std::min(*next, after) : after;
    }
  return next;
}

std::string FormatDay(Day day) {
  const std::chrono::year_month_day date(day);
  char text[32];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

Day Today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }

}  // namespace nestor
