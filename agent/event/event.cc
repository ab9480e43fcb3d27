// SPDX-License-Identifier: Apache-2.0
#include "agent/event/event.h"

#include <cinttypes>
#include <cstdio>

namespace nestor {

std::string HopIdToString(HopId id) {
  if (id == 0) return "";
  char text[17];
  std::snprintf(text, sizeof(text), "%016" PRIx64, id);
  return text;
}

std::string ProcessIdToString(ProcessKey key) {
  if (!key.known()) return "";
  char text[40];
  std::snprintf(text, sizeof(text), "%" PRIx64 "-%" PRIu32, key.start_ns, key.tgid);
  return text;
}

}  // namespace nestor
