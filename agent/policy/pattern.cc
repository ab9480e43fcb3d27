// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/pattern.h"

#include <utility>

namespace nestor {
namespace {

// Adds the positions reachable from `position` without reading a byte, itself included.
void Reach(const Pattern& pattern, size_t position, std::vector<bool>& reached) {
  std::vector<size_t> open = {position};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (reached[at]) continue;
    reached[at] = true;
    if (at == pattern.size()) continue;
    const PatternItem& item = pattern[at];
    const size_t further = at + 1 + static_cast<size_t>(static_cast<int64_t>(item.jump));
    if (item.kind == PatternItem::Kind::kRepeat || item.kind == PatternItem::Kind::kSplit)
      open.push_back(at + 1);
    if (item.kind == PatternItem::Kind::kSplit || item.kind == PatternItem::Kind::kJump)
      open.push_back(further);
  }
}

bool Reads(const PatternItem& item, char c) {
  return (item.kind == PatternItem::Kind::kOne || item.kind == PatternItem::Kind::kRepeat) &&
         item.bytes[static_cast<uint8_t>(c)];
}

}  // namespace

ByteSet AnyByte() { return ByteSet().set(); }

ByteSet AnyByteBut(uint8_t byte) { return AnyByte().reset(byte); }

PatternItem OneOf(const ByteSet& bytes) { return {PatternItem::Kind::kOne, bytes, 0}; }

PatternItem OneByte(uint8_t byte) { return OneOf(ByteSet().set(byte)); }

PatternItem RepeatOf(const ByteSet& bytes) { return {PatternItem::Kind::kRepeat, bytes, 0}; }

PatternItem Split(int32_t jump) { return {PatternItem::Kind::kSplit, {}, jump}; }

PatternItem Jump(int32_t jump) { return {PatternItem::Kind::kJump, {}, jump}; }

PatternItem MaySkip(uint32_t items) { return Split(static_cast<int32_t>(items)); }

Pattern LiteralPattern(std::string_view text) {
  Pattern pattern;
  pattern.reserve(text.size());
  for (const char c : text) pattern.push_back(OneByte(static_cast<uint8_t>(c)));
  return pattern;
}

std::optional<Pattern> BeginningOf(const Pattern& pattern, const ByteSet& any) {
  const auto is = [&](size_t from_end, PatternItem::Kind kind, const ByteSet& bytes) {
    if (pattern.size() < from_end) return false;
    const PatternItem& item = pattern[pattern.size() - from_end];
    return item.kind == kind && item.bytes == bytes;
  };
  const bool open = is(1, PatternItem::Kind::kRepeat, any);
  const bool closed = is(1, PatternItem::Kind::kOne, ByteSet().set(0)) &&
                      is(2, PatternItem::Kind::kRepeat, AnyByte());
  if (!open && !closed) return std::nullopt;
  const size_t end = pattern.size() - (open ? 1 : 2);
  for (size_t at = 0; at < end; ++at) {  // no way leads around the end that is cut off
    const bool jumps = pattern[at].kind == PatternItem::Kind::kSplit ||
                       pattern[at].kind == PatternItem::Kind::kJump;
    if (jumps && static_cast<int64_t>(at) + 1 + pattern[at].jump > static_cast<int64_t>(end))
      return std::nullopt;
  }
  Pattern beginning(pattern.begin(), pattern.begin() + static_cast<ptrdiff_t>(end));
  if (closed) beginning.push_back(OneOf(AnyByte()));  // the NUL at the latest
  if (PatternMatches(beginning, "")) return std::nullopt;
  return beginning;
}

bool PatternMatches(const Pattern& pattern, std::string_view text) {
  std::vector<bool> now(pattern.size() + 1);
  Reach(pattern, 0, now);
  for (const char c : text) {
    std::vector<bool> after(pattern.size() + 1);
    for (size_t position = 0; position < pattern.size(); ++position) {
      const PatternItem& item = pattern[position];
      if (!now[position] || !Reads(item, c)) continue;
      Reach(pattern, item.kind == PatternItem::Kind::kOne ? position + 1 : position, after);
    }
    now = std::move(after);
  }
  return now[pattern.size()];
}

}  // namespace nestor
