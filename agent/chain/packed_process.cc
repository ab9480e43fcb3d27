// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/packed_process.h"

#include <cstring>

namespace nestor {
namespace {

constexpr unsigned kBits = 7;
constexpr uint8_t kMore = 1U << kBits;

size_t PackedBytes(std::string_view text) {
  size_t bytes = 1 + text.size();
  for (size_t left = text.size() >> kBits; left > 0; left >>= kBits) ++bytes;
  return bytes;
}

char* Put(char* at, std::string_view text) {
  size_t left = text.size();
  for (; left >= kMore; left >>= kBits) *at++ = static_cast<char>(left | kMore);
  *at++ = static_cast<char>(left);
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

std::string_view Take(const char*& at) {
  size_t length = 0;
  unsigned shift = 0;
  uint8_t byte = 0;
  do {
    byte = static_cast<uint8_t>(*at++);
    length |= static_cast<size_t>(byte & (kMore - 1)) << shift;
    shift += kBits;
  } while (byte & kMore);
  const std::string_view text(at, length);
  at += length;
  return text;
}

}  // namespace

PackedProcess::PackedProcess(const ProcessInfo& info)
    : start_ns_(info.key.start_ns),
      tgid_(info.key.tgid),
      uid_(info.uid),
      gid_(info.gid),
      auid_(info.auid),
      agent_depth_(info.agent_depth),
      argc_(info.argc),
      argv_bytes_(info.argv_bytes),
      argv_truncated_(info.argv_truncated),
      pre_existing_(info.pre_existing) {
  const std::string_view first[] = {info.exe, info.cwd, info.tty, info.agent};
  size_t texts = 0, bytes = 0;
  for (const std::string_view text : first) {
    texts += text.size();
    bytes += PackedBytes(text);
  }
  for (const std::string& argument : info.argv) bytes += PackedBytes(argument);
  if (texts == 0 && info.argv.empty()) return;
  text_ = std::make_unique_for_overwrite<char[]>(bytes);
  text_bytes_ = static_cast<uint32_t>(bytes);
  char* at = text_.get();
  for (const std::string_view text : first) at = Put(at, text);
  for (const std::string& argument : info.argv) at = Put(at, argument);
}

ProcessInfo PackedProcess::Unpack() const {
  ProcessInfo info;
  info.key = key();
  info.uid = uid_;
  info.gid = gid_;
  info.auid = auid_;
  info.agent_depth = agent_depth_;
  info.argc = argc_;
  info.argv_bytes = argv_bytes_;
  info.argv_truncated = argv_truncated_;
  info.pre_existing = pre_existing_;
  if (!text_) return info;
  const char* at = text_.get();
  for (std::string* text : {&info.exe, &info.cwd, &info.tty, &info.agent}) *text = Take(at);
  size_t arguments = 0;
  const char* const end = text_.get() + text_bytes_;
  for (const char* look = at; look != end; ++arguments) Take(look);
  info.argv.reserve(arguments);
  while (at != end) info.argv.emplace_back(Take(at));
  return info;
}

std::string_view PackedProcess::exe() const {
  const char* at = text_.get();
  return at ? Take(at) : std::string_view();
}

}  // namespace nestor
