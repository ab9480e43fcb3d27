// SPDX-License-Identifier: Apache-2.0
#include "agent/beat/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <thread>

#include "agent/beat/signed_bytes.h"

namespace nestor {
namespace {

constexpr char kKey[] = "node.key", kPublic[] = "node.pub", kBeat[] = "heartbeat";
constexpr char kNewKey[] = "node.key.new", kNewPublic[] = "node.pub.new";
constexpr char kNewBeat[] = "heartbeat.new";
constexpr char kRules[] = "rules", kNewRules[] = "rules.new";
constexpr size_t kLongestRules = 8 << 20;  // 4 generations of 1024 rules with all they may say
constexpr size_t kLongestKey = 4096;

constexpr mode_t kWriteByOthers = S_IWGRP | S_IWOTH;
constexpr mode_t kAnythingByOthers = S_IRWXG | S_IRWXO;

Status CheckOwner(const struct stat& info) {
  if (info.st_uid == geteuid()) return {};
  return Error::FailedPrecondition("belongs to user " + std::to_string(info.st_uid) +
                                   ", not to nestord's " + std::to_string(geteuid()));
}

// The descriptor is judged, not the path: what is checked is what is used.
Status Check(int file, mode_t type, mode_t forbidden) {
  struct stat info{};
  if (fstat(file, &info) != 0) return Error::FromErrno("look at it", errno);
  if ((info.st_mode & S_IFMT) != type) return Error::FailedPrecondition("is no regular file");
  if (Status owner = CheckOwner(info); !owner) return owner;
  if ((info.st_mode & forbidden) == 0) return {};
  return Error::FailedPrecondition(forbidden == kWriteByOthers
                                       ? "others may write to it: chmod go-w"
                                       : "others than its owner may use it: chmod 0600");
}

Status WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error::FromErrno("write", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> ReadAll(int file, size_t longest) {
  std::string bytes(longest + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno("read", errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > longest) {
    return Error::FailedPrecondition("is longer than " + std::to_string(longest) + " bytes");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<StateDirectory> StateDirectory::Open(const std::string& path) {
  constexpr mode_t kOursOnly = 0700;
  if (mkdir(path.c_str(), kOursOnly) != 0 && errno != EEXIST) {
    return Error::FromErrno("make " + path, errno);
  }
  UniqueFd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.ok()) return Error::FromErrno("open " + path, errno);
  if (Status status = Check(directory.get(), S_IFDIR, kWriteByOthers); !status) {
    return status.error().In(path);
  }
  return StateDirectory(path, std::move(directory));
}

Status StateDirectory::Lock(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{50};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (flock(directory_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Error::FromErrno("lock " + path_, errno);
    if (std::chrono::steady_clock::now() >= end) {
      return Error::FailedPrecondition(path_ + " is in use by another nestord");
    }
    std::this_thread::sleep_for(kPause);
  }
  return {};
}

Result<std::string> StateDirectory::ReadFile(const char* name, size_t longest,
                                             mode_t forbidden) const {
  const UniqueFd file(
      openat(directory_.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) {
    if (errno == ENOENT) return Error::NotFound("is not there");
    return Error::FromErrno("open", errno);
  }
  if (Status status = Check(file.get(), S_IFREG, forbidden); !status) return status.error();
  return ReadAll(file.get(), longest);
}

// A file of one that was killed while it wrote may be there.
Status StateDirectory::WriteNew(const char* name, const std::string& bytes, mode_t mode) const {
  if (unlinkat(directory_.get(), name, 0) != 0 && errno != ENOENT) {
    return Error::FromErrno(std::string("remove the old ") + name, errno);
  }
  const UniqueFd file(
      openat(directory_.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.ok()) return Error::FromErrno(std::string("make ") + name, errno);
  Status written = WriteAll(file.get(), bytes);
  if (written && fsync(file.get()) != 0) written = Error::FromErrno("sync", errno);
  return written ? written : written.error().In(name);
}

Status StateDirectory::Sync() const {
  if (fsync(directory_.get()) == 0) return {};
  return Error::FromErrno("sync " + path_, errno);
}

// A name that is there is not replaced, and a half-written key never has the name.
Result<std::string> StateDirectory::KeepNewKey() const {
  constexpr mode_t kOwnerOnly = 0600;
  const auto made = SigningKey::Generate();
  if (!made) return made.error();
  auto pem = made->Pem();
  if (!pem) return pem.error();
  if (Status written = WriteNew(kNewKey, *pem, kOwnerOnly); !written) return written.error();
  if (renameat2(directory_.get(), kNewKey, directory_.get(), kKey, RENAME_NOREPLACE) != 0) {
    return Error::FromErrno("give it its name", errno);
  }
  if (Status synced = Sync(); !synced) return synced.error();
  return pem;
}

Status StateDirectory::WritePublic(const PublicKey& key) const {
  constexpr mode_t kReadable = 0644;
  const std::string pem = key.Pem();
  const auto there = ReadFile(kPublic, kLongestKey, kWriteByOthers);
  if (there && *there == pem) return {};
  if (Status written = WriteNew(kNewPublic, pem, kReadable); !written) return written;
  if (renameat(directory_.get(), kNewPublic, directory_.get(), kPublic) != 0) {
    return Error::FromErrno(kPublic, errno);
  }
  return Sync();
}

Result<SigningKey> StateDirectory::Key() {
  const std::string where = path_ + "/" + kKey;
  auto pem = ReadFile(kKey, kLongestKey, kAnythingByOthers);
  if (!pem && pem.error().code == ErrorCode::kNotFound) pem = KeepNewKey();
  if (!pem) return pem.error().In(where);
  auto key = SigningKey::FromPem(*pem);
  if (!key) return key.error().In(where);
  if (Status written = WritePublic(key->public_key()); !written) return written.error().In(path_);
  return key;
}

LastBeat StateDirectory::ReadBeat(const PublicKey& key) const {
  const auto bytes = ReadFile(kBeat, kLongestBeatFile, kWriteByOthers);
  if (bytes) return JudgeBeatFile(*bytes, key);
  if (bytes.error().code == ErrorCode::kNotFound) return {kEarlierNone, {}, ""};
  return {kEarlierUnreadable, {}, bytes.error().message};
}

Status StateDirectory::WriteBeat(const HeartbeatInfo& beat) {
  return Replace(kBeat, kNewBeat, ToBeatFile(beat));
}

std::string StateDirectory::ReadRules() const {
  const auto bytes = ReadFile(kRules, kLongestRules, kAnythingByOthers);
  return bytes ? *bytes : "";
}

Status StateDirectory::WriteRules(const std::string& bytes) {
  if (bytes.size() > kLongestRules) {
    return Error::FailedPrecondition("the names of rules are longer than " +
                                     std::to_string(kLongestRules) + " bytes");
  }
  return Replace(kRules, kNewRules, bytes);
}

Status StateDirectory::Replace(const char* name, const char* made, const std::string& bytes) const {
  constexpr mode_t kOwnerOnly = 0600;
  if (Status written = WriteNew(made, bytes, kOwnerOnly); !written) {
    return written.error().In(path_);
  }
  if (renameat(directory_.get(), made, directory_.get(), name) != 0) {
    return Error::FromErrno("replace " + path_ + "/" + name, errno);
  }
  return Sync();
}

}  // namespace nestor
