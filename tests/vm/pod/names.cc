// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

namespace nestor::pod {

bool ValidName(std::string_view name) {
  if (name.empty() || name.size() > 253 || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

std::string RandomUid() {
  std::random_device random;
  std::array<unsigned, 16> bytes{};
  for (unsigned& byte : bytes) byte = random() & 0xff;
  bytes[6] = (bytes[6] & 0x0f) | 0x40;  // version 4
  bytes[8] = (bytes[8] & 0x3f) | 0x80;  // variant of RFC 4122
  std::string uid;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uid += '-';
    uid += "0123456789abcdef"[bytes[i] >> 4];
    uid += "0123456789abcdef"[bytes[i] & 15];
  }
  return uid;
}

std::string RandomSuffix() {
  // The API server's alphabet: no vowels, so that no word comes out.
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::random_device random;
  std::uniform_int_distribution<size_t> letter(0, kAlphabet.size() - 1);
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += kAlphabet[letter(random)];
  return suffix;
}

std::string PodDirectory(const std::string& uid) { return "/var/lib/kubelet/pods/" + uid; }

std::string LogDirectory(const std::string& namespace_name, const std::string& name,
                         const std::string& uid) {
  return "/var/log/pods/" + namespace_name + "_" + name + "_" + uid;
}

std::string PodCgroup(const std::string& uid) { return "/kubepods/besteffort/pod" + uid; }

}  // namespace nestor::pod
