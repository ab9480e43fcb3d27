// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/escape.h"

#include <wchar.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "tools/nestorctl/utf8.h"

namespace nestor::ctl {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr auto kHostile = std::to_array<Range>({
    {0x0000, 0x001f},    // C0
    {0x007f, 0x009f},    // DEL, C1
    {0x00ad, 0x00ad},    // soft hyphen
    {0x034f, 0x034f},    // combining grapheme joiner
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x180b, 0x180f},    // Mongolian variation selectors and vowel separator
    {0x200b, 0x200f},    // zero width spaces and joiners, direction marks
    {0x2028, 0x202e},    // line and paragraph separators, embeddings and overrides
    {0x2060, 0x206f},    // word joiner, invisible operators, isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfe00, 0xfe0f},    // variation selectors
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // halfwidth Hangul filler
    {0xfff0, 0xfffb},    // interlinear annotations
    {0x1d173, 0x1d17a},  // musical format controls
    {0xe0000, 0xe0fff},  // tags, more variation selectors
});

void AppendHex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += kDigits[value >> 4];
    out += kDigits[value & 0xf];
  }
}

void AppendUnit(std::string& out, uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[unit >> shift & 0xf];
}

void AppendJsonEscape(std::string& out, char32_t value) {
  if (value < 0x10000) return AppendUnit(out, value);
  AppendUnit(out, 0xd800 + ((value - 0x10000) >> 10));
  AppendUnit(out, 0xdc00 + ((value - 0x10000) & 0x3ff));
}

// What stands for the escape sequence at the start of `json`, and its length there.
std::pair<std::string_view, size_t> Unneeded(std::string_view json) {
  if (json.starts_with("\\u003c")) return {"<", 6};
  if (json.starts_with("\\u003e")) return {">", 6};
  return {json.substr(0, 2), 2};
}

}  // namespace

bool IsHostile(char32_t code_point) {
  const auto after =
      std::upper_bound(kHostile.begin(), kHostile.end(), code_point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  return after != kHostile.begin() && code_point <= std::prev(after)->last;
}

std::string EscapeHostile(std::string_view text) {
  constexpr int kLongestCombiningRun = 4;  // real scripts stack no more
  std::string out;
  out.reserve(text.size());
  int combining = 0;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    const std::string_view bytes = text.substr(0, point.bytes);
    const bool zero_width = point.valid && wcwidth(static_cast<wchar_t>(point.value)) == 0;
    combining = zero_width ? combining + 1 : 0;
    if (!point.valid || IsHostile(point.value) || combining > kLongestCombiningRun) {
      AppendHex(out, bytes);
    } else {
      out += bytes;
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string EscapeHostileJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    if (json.front() == '\\') {
      const auto [text, length] = Unneeded(json);
      out += text;
      json.remove_prefix(std::min(length, json.size()));
      continue;
    }
    const CodePoint point = FirstCodePoint(json);
    if (!point.valid) {
      AppendUnit(out, 0xfffd);
    } else if (IsHostile(point.value) && point.value != '\n') {  // pretty printing's own
      AppendJsonEscape(out, point.value);
    } else {
      out += json.substr(0, point.bytes);
    }
    json.remove_prefix(point.bytes);
  }
  return out;
}

}  // namespace nestor::ctl
