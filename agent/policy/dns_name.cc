// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/dns_name.h"

#include <algorithm>

#include "agent/policy/address.h"

namespace nestor {
namespace {

constexpr size_t kLongestName = 253, kLongestLabel = 63;

bool IsOfName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

// A label with a `*` may be several, or a part of one.
Status CheckLabel(std::string_view label) {
  if (label.empty()) return Error::InvalidArgument("it has an empty label");
  if (label.find('*') == std::string_view::npos && label.size() > kLongestLabel)
    return Error::InvalidArgument("a label has at most 63 bytes");
  for (const char c : label) {
    if (IsOfName(c)) continue;
    return Error::InvalidArgument(
        "a name has letters, digits, `-`, `_`, dots and `*`; other writing goes as xn--...");
  }
  return {};
}

}  // namespace

std::string PlainDnsName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string plain(name);
  for (char& c : plain)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return plain;
}

Result<Pattern> ParseDnsName(std::string_view text) {
  const std::string plain = PlainDnsName(text);
  if (ParseCidr(plain).ok()) return Error::InvalidArgument("this is an address: use `cidrs`");
  if (plain.size() > kLongestName) return Error::InvalidArgument("a name has at most 253 bytes");
  for (size_t begin = 0; begin <= plain.size();) {
    const size_t end = std::min(plain.find('.', begin), plain.size());
    if (Status label = CheckLabel(std::string_view(plain).substr(begin, end - begin)); !label)
      return label.error();
    begin = end + 1;
  }
  Pattern pattern;
  for (const char c : plain)
    pattern.push_back(c == '*' ? RepeatOf(AnyByteBut('\0')) : OneByte(static_cast<uint8_t>(c)));
  return pattern;
}

}  // namespace nestor
