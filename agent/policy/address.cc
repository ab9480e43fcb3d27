// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace nestor {
namespace {

struct Cidr {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
  unsigned prefix = 0;

  unsigned bits() const { return v6 ? 128 : 32; }
};

uint8_t MaskOf(unsigned bits) { return static_cast<uint8_t>(bits >= 8 ? 0xff : 0xff00U >> bits); }

std::string ToText(const Cidr& cidr) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(cidr.v6 ? AF_INET6 : AF_INET, cidr.bytes.data(), text, sizeof(text));
  return std::string(text) + "/" + std::to_string(cidr.prefix);
}

// ::ffff:a.b.c.d/n is what the kernel calls a.b.c.d/(n-96).
void Unmap(Cidr& cidr) {
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!cidr.v6 || cidr.prefix < 96 ||
      !std::equal(kMapped.begin(), kMapped.end(), cidr.bytes.begin()))
    return;
  std::array<uint8_t, 16> v4{};
  std::copy_n(cidr.bytes.begin() + 12, 4, v4.begin());
  cidr = {false, v4, cidr.prefix - 96};
}

Result<Cidr> ReadCidr(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Cidr cidr;
  cidr.v6 = address.find(':') != std::string::npos;
  if (inet_pton(cidr.v6 ? AF_INET6 : AF_INET, address.c_str(), cidr.bytes.data()) != 1 ||
      address.find('\0') != std::string::npos)
    return Error::InvalidArgument("`" + address + "` is not an IP address");
  cidr.prefix = cidr.bits();
  if (slash == std::string_view::npos) return cidr;

  const std::string_view prefix = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(prefix.data(), prefix.data() + prefix.size(), cidr.prefix);
  if (error != std::errc() || end != prefix.data() + prefix.size() || cidr.prefix > cidr.bits())
    return Error::InvalidArgument("the prefix length must be 0 to " + std::to_string(cidr.bits()) +
                                  ", not `" + std::string(prefix) + "`");
  return cidr;
}

}  // namespace

std::string AddressKey(bool v6, std::span<const uint8_t> bytes) {
  std::string key(1, v6 ? '6' : '4');
  for (const uint8_t byte : bytes.first(v6 ? 16 : 4)) key.push_back(static_cast<char>(byte));
  return key;
}

Result<Pattern> ParseCidr(std::string_view text) {
  Result<Cidr> read = ReadCidr(text);
  if (!read) return read.error();
  Cidr network = *read;
  for (unsigned i = 0; i < 16; ++i)
    network.bytes[i] &= i * 8 < network.prefix ? MaskOf(network.prefix - i * 8) : 0;
  if (network.bytes != read->bytes)
    return Error::InvalidArgument("bits are set below the prefix length; did you mean " +
                                  ToText(network) + "?");
  Unmap(network);

  Pattern pattern = {OneByte(network.v6 ? '6' : '4')};
  for (unsigned bit = 0; bit < network.prefix; bit += 8) {
    const uint8_t mask = MaskOf(network.prefix - bit);
    ByteSet set;
    for (unsigned byte = 0; byte < 256; ++byte)
      if ((byte & mask) == network.bytes[bit / 8]) set.set(byte);
    pattern.push_back(OneOf(set));
  }
  pattern.push_back(RepeatOf(AnyByte()));
  return pattern;
}

}  // namespace nestor
