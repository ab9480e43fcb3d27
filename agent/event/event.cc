// SPDX-License-Identifier: Apache-2.0
#include "agent/event/event.h"

#include <charconv>

namespace nestor {

IdText IdText::Of(HopId id) {
  IdText text;
  if (id == 0) return text;
  text.size_ = 16;
  for (size_t i = 0; i < text.size_; ++i) {
    text.text_[i] = "0123456789abcdef"[id >> (60 - 4 * i) & 0xf];
  }
  return text;
}

IdText IdText::Of(ProcessKey key) {
  IdText text;
  if (!key.known()) return text;
  char* const end = text.text_.data() + text.text_.size();
  char* at = std::to_chars(text.text_.data(), end, key.start_ns, 16).ptr;
  *at++ = '-';
  at = std::to_chars(at, end, key.tgid).ptr;
  text.size_ = static_cast<size_t>(at - text.text_.data());
  return text;
}

void CountArguments(ProcessInfo& info) {
  info.argc = static_cast<uint32_t>(info.argv.size());
  size_t bytes = 0;
  for (const std::string& argument : info.argv) bytes += argument.size() + 1;
  info.argv_bytes = static_cast<uint32_t>(bytes);
}

std::string HopIdToString(HopId id) { return std::string(IdText::Of(id).view()); }
std::string ProcessIdToString(ProcessKey key) { return std::string(IdText::Of(key).view()); }

}  // namespace nestor
