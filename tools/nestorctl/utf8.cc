// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/utf8.h"

namespace nestor::ctl {
namespace {

struct Lead {
  size_t bytes = 0;  // 0: not a lead byte
  char32_t bits = 0;
  char32_t lowest = 0;  // a smaller value would be an overlong form
};

Lead ReadLead(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xe0) == 0xc0) return {2, byte & 0x1fU, 0x80};
  if ((byte & 0xf0) == 0xe0) return {3, byte & 0x0fU, 0x800};
  if ((byte & 0xf8) == 0xf0) return {4, byte & 0x07U, 0x10000};
  return {};
}

}  // namespace

CodePoint FirstCodePoint(std::string_view text) {
  const auto at = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const Lead lead = ReadLead(at(0));
  if (lead.bytes == 0 || lead.bytes > text.size()) return {};

  char32_t value = lead.bits;
  for (size_t index = 1; index < lead.bytes; ++index) {
    if ((at(index) & 0xc0) != 0x80) return {};
    value = value << 6 | (at(index) & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < lead.lowest || value > 0x10ffff || surrogate) return {};
  return {value, lead.bytes, true};
}

}  // namespace nestor::ctl
