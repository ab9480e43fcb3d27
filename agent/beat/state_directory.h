// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BEAT_STATE_DIRECTORY_H_
#define NESTOR_AGENT_BEAT_STATE_DIRECTORY_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/beat/gap.h"
#include "agent/beat/keys.h"
#include "agent/event/event.h"

namespace nestor {

// What of heartbeats outlives nestord:
//
//   node.key   the node's Ed25519 key, 0600
//   node.pub   its public half: what `nestorctl verify --key` takes
//   heartbeat  the last one; replaced as a whole
//   rules      the names of the rules in force, for records that have their numbers; the same
//
// Everything goes by the directory's descriptor, follows no link, and must be this user's alone.
// Thread: one at a time for each file.
class StateDirectory {
 public:
  // Makes the directory (0700) where it is missing; not those above it. Error: it is no directory,
  // another user's, or others may write to it.
  static Result<StateDirectory> Open(const std::string& path);

  // Waits for another nestord that is just ending. Error: it goes on. The lock ends with this.
  Status Lock(std::chrono::milliseconds patience);

  // The node's key; made, with node.pub, where there is none. A wrong one is never replaced. Error:
  // the key's owner or mode is wrong, or it is no key.
  Result<SigningKey> Key();
  // Never fails: what is wrong is part of the answer.
  LastBeat ReadBeat(const PublicKey& key) const;
  // On the disk at the return. Takes as long as the disk.
  Status WriteBeat(const HeartbeatInfo& beat);

  // The names of rules as they were written; empty: none that can be used.
  std::string ReadRules() const;
  // On the disk at the return.
  Status WriteRules(const std::string& bytes);

  const std::string& path() const { return path_; }

 private:
  StateDirectory(std::string path, UniqueFd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  Result<std::string> ReadFile(const char* name, size_t longest, mode_t forbidden) const;
  Status WriteNew(const char* name, const std::string& bytes, mode_t mode) const;
  Status Replace(const char* name, const char* made, const std::string& bytes) const;
  Status Sync() const;
  Result<std::string> KeepNewKey() const;
  Status WritePublic(const PublicKey& key) const;

  std::string path_;
  UniqueFd directory_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BEAT_STATE_DIRECTORY_H_
