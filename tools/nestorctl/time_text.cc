// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/time_text.h"

#include <google/protobuf/util/time_util.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace nestor::ctl {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  nanoseconds size;
};

// In the order in which they are tried: "ms" before "m".
constexpr auto kUnits = std::to_array<Unit>({{"ms", std::chrono::milliseconds(1)},
                                             {"s", std::chrono::seconds(1)},
                                             {"m", std::chrono::minutes(1)},
                                             {"h", std::chrono::hours(1)},
                                             {"d", std::chrono::days(1)}});
constexpr nanoseconds kLongestDuration = std::chrono::days(3650);

Error BadDuration(std::string_view text) {
  return Error::InvalidArgument("`" + std::string(text) +
                                "` is no duration; write it like 500ms, 30s, 10m, 2h or 1d12h");
}

std::string Formatted(WallTime time, const char* format, bool utc) {
  const time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  tm fields{};
  if (!(utc ? gmtime_r(&seconds, &fields) : localtime_r(&seconds, &fields))) return "?";
  std::array<char, 64> text{};
  return {text.data(), strftime(text.data(), text.size(), format, &fields)};
}

}  // namespace

WallTime Now() { return std::chrono::system_clock::now(); }

WallTime ToWallTime(const google::protobuf::Timestamp& timestamp) {
  return WallTime(std::chrono::seconds(timestamp.seconds()) + nanoseconds(timestamp.nanos()));
}

google::protobuf::Timestamp ToTimestamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<int32_t>((time - seconds).count()));
  return timestamp;
}

Result<nanoseconds> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  nanoseconds sum{0};
  if (rest.empty()) return BadDuration(text);
  while (!rest.empty()) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end == rest.data()) return BadDuration(text);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));

    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& each) { return rest.starts_with(each.name); });
    if (unit == kUnits.end()) return BadDuration(text);
    rest.remove_prefix(unit->name.size());
    if (number > (kLongestDuration - sum) / unit->size) {
      return Error::InvalidArgument("`" + std::string(text) + "` is longer than ten years");
    }
    sum += number * unit->size;
  }
  return sum;
}

Result<WallTime> ParseSince(const std::string& text, WallTime now) {
  if (const auto duration = ParseDuration(text)) return now - *duration;
  google::protobuf::Timestamp timestamp;
  if (google::protobuf::util::TimeUtil::FromString(text, &timestamp)) return ToWallTime(timestamp);
  return Error::InvalidArgument("`" + text +
                                "` is neither a duration (10m) nor an RFC 3339 time "
                                "(2026-11-24T02:00:00Z)");
}

std::string FormatAge(nanoseconds age) {
  const auto seconds = std::max<int64_t>(0, std::chrono::floor<std::chrono::seconds>(age).count());
  const auto two = [](int64_t large, const char* large_unit, int64_t small,
                      const char* small_unit) {
    return std::to_string(large) + large_unit +
           (small > 0 ? std::to_string(small) + small_unit : std::string());
  };
  constexpr int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  if (seconds < kMinute) return std::to_string(seconds) + "s";
  if (seconds < 10 * kMinute) return two(seconds / kMinute, "m", seconds % kMinute, "s");
  if (seconds < kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < kDay) return two(seconds / kHour, "h", seconds % kHour / kMinute, "m");
  return two(seconds / kDay, "d", seconds % kDay / kHour, "h");
}

std::string FormatRunTime(nanoseconds time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time).count();
  if (milliseconds < 1000) return std::to_string(std::max<int64_t>(0, milliseconds)) + "ms";
  if (milliseconds >= 10000) return FormatAge(time);
  const auto tenths = milliseconds % 1000 / 100;
  const std::string fraction = tenths > 0 ? "." + std::to_string(tenths) : "";
  return std::to_string(milliseconds / 1000) + fraction + "s";
}

std::string FormatClock(WallTime time, WallTime now) {
  constexpr const char* kDate = "%Y-%m-%d";
  const bool today = Formatted(time, kDate, false) == Formatted(now, kDate, false);
  const auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count() % 1000;
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d",
                static_cast<int>((milliseconds + 1000) % 1000));
  return Formatted(time, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", false) + fraction.data();
}

std::string FormatDate(WallTime time) { return Formatted(time, "%Y-%m-%d %H:%M:%S UTC", true); }

}  // namespace nestor::ctl
