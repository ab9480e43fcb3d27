// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_VERIFY_RECORDED_EVENT_H_
#define NESTOR_TOOLS_NESTORCTL_VERIFY_RECORDED_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/event/event.h"

namespace nestor::ctl {

// What counts of an event for whether a recording is whole.
struct RecordedEvent {
  uint64_t seq =
      0;  // 0: nestord's word to this reader only, that it was too late for `missed` ones
  uint64_t missed = 0;
  uint64_t boot_ns = 0;
  std::string type;
  std::string node;
  std::string boot_id;
  std::optional<HeartbeatInfo> heartbeat;
  std::optional<GapInfo> gap;
};

// A seq that no nestord gets to: beyond, arithmetic would run over.
inline constexpr uint64_t kLargestSeq = uint64_t{1} << 62;

// A longer line is none of a recording.
inline constexpr size_t kLongestRecordedLine = size_t{4} << 20;

// Reads a line as `nestorctl events` prints it; what it does not know it passes over. Error: it is
// no such line, with the field and the reason. Pure. Thread: any.
Result<RecordedEvent> ReadRecordedEvent(std::string_view line);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_VERIFY_RECORDED_EVENT_H_
