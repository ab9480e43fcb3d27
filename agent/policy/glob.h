// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_GLOB_H_
#define NESTOR_AGENT_POLICY_GLOB_H_

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace nestor {

using ByteSet = std::bitset<256>;

// One step of a pattern, read left to right, anchored at both ends.
struct PatternItem {
  enum class Kind : uint8_t {
    kOne,     // exactly one byte of `bytes`
    kRepeat,  // any number of bytes of `bytes`, also none
    kSkip,    // the next `skip` items may be left out
  };
  Kind kind = Kind::kOne;
  ByteSet bytes;
  uint32_t skip = 0;
};
using Pattern = std::vector<PatternItem>;

inline constexpr size_t kMaxGlobBytes = 1024;

enum class GlobKind : uint8_t {
  kPath,  // `*`, `?` and `[…]` stay within one path component, `**` crosses them; `/**/` is also
          // `/`
  kArgument,  // one argument of a command: `/` is an ordinary byte, so `*` and `**` are the same
};

// Compiles a glob: `*`, `**`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and `\` before a byte that shall
// stand for itself. Error: empty, longer than kMaxGlobBytes, an unfinished `[` or `\`, three stars
// in a row, a NUL; the message says at which character. Thread: any.
Result<Pattern> ParseGlob(std::string_view glob, GlobKind kind);

// The items of a pattern that matches exactly `text`.
Pattern LiteralPattern(std::string_view text);

// Whether the whole of `text` matches. Cost: O(text * items). Thread: any.
bool PatternMatches(const Pattern& pattern, std::string_view text);

// Items that more than one maker of patterns needs.
PatternItem OneOf(const ByteSet& bytes);
PatternItem OneByte(uint8_t byte);
PatternItem RepeatOf(const ByteSet& bytes);
PatternItem MaySkip(uint32_t items);

// All bytes, and all but one.
ByteSet AnyByte();
ByteSet AnyByteBut(uint8_t byte);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_GLOB_H_
