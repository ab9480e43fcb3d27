// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_PATTERN_H_
#define NESTOR_AGENT_POLICY_PATTERN_H_

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace nestor {

using ByteSet = std::bitset<256>;

// One step of a pattern, which is a small program over bytes, anchored at both ends. Jumps count
// from the next item, so that patterns can be put behind each other as they are.
struct PatternItem {
  enum class Kind : uint8_t {
    kOne,     // exactly one byte of `bytes`
    kRepeat,  // any number of bytes of `bytes`, also none
    kSplit,   // goes on with the next item, and also with the one `jump` items further
    kJump,    // goes on `jump` items further
  };
  Kind kind = Kind::kOne;
  ByteSet bytes;
  int32_t jump = 0;
};
using Pattern = std::vector<PatternItem>;

// The items of a pattern that matches exactly `text`.
Pattern LiteralPattern(std::string_view text);

// If `pattern` matches whatever follows once a part of it did, that part; none: it does not, as far
// as is seen at once, or it matches everything. Of a pattern that ends in a NUL the texts must,
// too. `any`: the bytes that texts can have.
std::optional<Pattern> BeginningOf(const Pattern& pattern, const ByteSet& any);

// Whether the whole of `text` matches. Cost: O(text * items). Thread: any.
bool PatternMatches(const Pattern& pattern, std::string_view text);

// Items that more than one maker of patterns needs.
PatternItem OneOf(const ByteSet& bytes);
PatternItem OneByte(uint8_t byte);
PatternItem RepeatOf(const ByteSet& bytes);
PatternItem Split(int32_t jump);
PatternItem Jump(int32_t jump);
// The next `items` items may be left out.
PatternItem MaySkip(uint32_t items);

// All bytes, and all but one.
ByteSet AnyByte();
ByteSet AnyByteBut(uint8_t byte);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_PATTERN_H_
