// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/peer_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "agent/base/unique_fd.h"

namespace nestor {
namespace {

constexpr size_t kDigits = 32;

// The descriptor is judged, not the path: what is checked is what is read.
Status CheckOwner(int file) {
  struct stat info{};
  if (fstat(file, &info) != 0) return Error::FromErrno("look at it", errno);
  if (!S_ISREG(info.st_mode)) return Error::InvalidArgument("is not a regular file");
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return Error::InvalidArgument("belongs to another user");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error::InvalidArgument("others than its owner may read it: chmod 0400");
  }
  return {};
}

// As in the reference code: the digits are bytes in order, a half is 8 of them, little-endian.
bool ParseKey(std::string_view text, PeerKey& key) {
  key = {};
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != kDigits) return false;
  for (size_t i = 0; i < kDigits / 2; ++i) {
    uint8_t byte = 0;
    const char* at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, byte, 16);
    if (error != std::errc() || end != at + 2) return false;
    key[i / 8] |= uint64_t{byte} << (8 * (i % 8));
  }
  return true;
}

Result<PeerKey> ReadKey(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) return Error::FromErrno("open", errno);
  if (Status status = CheckOwner(file.get()); !status) return status.error();
  std::array<char, kDigits + 2> text;
  const ssize_t got = read(file.get(), text.data(), text.size());
  if (got < 0) return Error::FromErrno("read", errno);
  PeerKey key;
  if (!ParseKey({text.data(), static_cast<size_t>(got)}, key)) {
    return Error::InvalidArgument("must be 32 hex digits: openssl rand -hex 16");
  }
  return key;
}

}  // namespace

Result<std::vector<PeerKey>> ReadPeerKeys(const std::vector<std::string>& files) {
  std::vector<PeerKey> keys;
  for (const std::string& file : files) {
    auto key = ReadKey(file);
    if (!key) return key.error().In("peer key " + file);
    keys.push_back(*key);
  }
  return keys;
}

}  // namespace nestor
