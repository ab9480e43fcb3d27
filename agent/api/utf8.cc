// SPDX-License-Identifier: Apache-2.0
#include "agent/api/utf8.h"

#include <cstdint>
#include <cstring>

namespace nestor {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// What may follow a lead byte: the bounds of the second byte, and how many bytes there are in all.
// Bounding the second byte is what rules out overlong forms, surrogates and values past U+10FFFF.
struct Form {
  size_t size = 0;  // 0: no lead byte
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
};

Form FormOf(uint8_t lead) {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {};  // a continuation, or an overlong two-byte form
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (lead == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};  // above: past U+10FFFF
  return {};
}

struct Sequence {
  size_t size = 1;  // bytes of the character, or of the ill-formed part
  bool valid = false;
};

Sequence SequenceAt(std::string_view text) {
  const Form form = FormOf(static_cast<uint8_t>(text[0]));
  if (form.size == 0) return {};
  size_t size = 1;
  for (; size < form.size && size < text.size(); ++size) {
    const auto byte = static_cast<uint8_t>(text[size]);
    const bool second = size == 1;
    if (byte < (second ? form.low : 0x80) || byte > (second ? form.high : 0xBF)) break;
  }
  return {size, size == form.size};
}

constexpr uint64_t kHighBits = 0x8080808080808080;

uint64_t WordAt(std::string_view text, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof(word));
  return word;
}

// Nearly all text is. Eight bytes at a time; the last eight may overlap those before them.
bool IsAscii(std::string_view text) {
  uint64_t all = 0;
  if (text.size() < sizeof(all)) {
    for (const char byte : text) all |= static_cast<uint8_t>(byte);
    return (all & kHighBits) == 0;
  }
  const size_t last = text.size() - sizeof(all);
  for (size_t at = 0; at < last; at += sizeof(all)) all |= WordAt(text, at);
  return ((all | WordAt(text, last)) & kHighBits) == 0;
}

// Bytes before the first one that is not ASCII.
size_t AsciiPrefix(std::string_view text) {
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
    if (WordAt(text, at) & kHighBits) break;
  }
  while (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

// Bytes before the first ill-formed part.
size_t ValidPrefix(std::string_view text) {
  size_t at = 0;
  while (true) {
    at += AsciiPrefix(text.substr(at));
    if (at == text.size()) return at;
    const Sequence sequence = SequenceAt(text.substr(at));
    if (!sequence.valid) return at;
    at += sequence.size;
  }
}

}  // namespace

bool IsUtf8(std::string_view text) { return IsAscii(text) || ValidPrefix(text) == text.size(); }

std::string ToUtf8(std::string_view text) {
  std::string out;
  while (true) {
    const size_t valid = ValidPrefix(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return out;
    out.append(kReplacement);
    text.remove_prefix(SequenceAt(text).size);
  }
}

}  // namespace nestor
