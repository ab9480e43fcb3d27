// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace nestor {
namespace {

uint8_t MaskOf(unsigned bits) { return static_cast<uint8_t>(bits >= 8 ? 0xff : 0xff00U >> bits); }

std::string ToText(const Cidr& cidr) {
  return FormatAddress(cidr) + "/" + std::to_string(cidr.prefix_len);
}

// ::ffff:a.b.c.d/n is what the kernel calls a.b.c.d/(n-96).
void Unmap(Cidr& cidr) {
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!cidr.v6 || cidr.prefix_len < 96 ||
      !std::equal(kMapped.begin(), kMapped.end(), cidr.bytes.begin()))
    return;
  std::array<uint8_t, 16> v4{};
  std::copy_n(cidr.bytes.begin() + 12, 4, v4.begin());
  cidr = {false, v4, static_cast<uint8_t>(cidr.prefix_len - 96)};
}

Result<Cidr> ReadCidr(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Cidr cidr;
  cidr.v6 = address.find(':') != std::string::npos;
  if (inet_pton(cidr.v6 ? AF_INET6 : AF_INET, address.c_str(), cidr.bytes.data()) != 1 ||
      address.find('\0') != std::string::npos)
    return Error::InvalidArgument("`" + address + "` is not an IP address");
  const unsigned bits = cidr.v6 ? 128 : 32;
  unsigned prefix_len = bits;
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(prefix.data(), prefix.data() + prefix.size(), prefix_len);
    if (error != std::errc() || end != prefix.data() + prefix.size() || prefix_len > bits)
      return Error::InvalidArgument("the prefix length must be 0 to " + std::to_string(bits) +
                                    ", not `" + std::string(prefix) + "`");
  }
  cidr.prefix_len = static_cast<uint8_t>(prefix_len);
  return cidr;
}

// The network of `prefix_len` bits that the address lies in.
std::array<uint8_t, 16> Masked(const std::array<uint8_t, 16>& bytes, unsigned prefix_len) {
  std::array<uint8_t, 16> masked{};
  for (unsigned i = 0; i < 16 && i * 8 < prefix_len; ++i)
    masked[i] = bytes[i] & MaskOf(prefix_len - i * 8);
  return masked;
}

}  // namespace

std::string FormatAddress(const Cidr& cidr) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(cidr.v6 ? AF_INET6 : AF_INET, cidr.bytes.data(), text, sizeof(text));
  return text;
}

bool Cidr::Covers(const Cidr& other) const {
  return v6 == other.v6 && prefix_len <= other.prefix_len &&
         Masked(other.bytes, prefix_len) == bytes;
}

Result<Cidr> ParseCidr(std::string_view text) {
  Result<Cidr> read = ReadCidr(text);
  if (!read) return read.error();
  Cidr network = *read;
  network.bytes = Masked(read->bytes, read->prefix_len);
  if (network != *read)
    return Error::InvalidArgument("bits are set below the prefix length; did you mean " +
                                  ToText(network) + "?");
  Unmap(network);
  return network;
}

}  // namespace nestor
