// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_SIGNING_H_
#define NESTOR_AGENT_NESTORD_SIGNING_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/node.h"
#include "agent/base/result.h"
#include "agent/beat/heart.h"
#include "agent/beat/state_directory.h"

namespace nestor {

// With what heartbeats are signed, and where the last one is kept.
struct Signing {
  std::shared_ptr<StateDirectory> directory;  // null: it can't be used
  std::optional<SigningKey> key;              // the node's; else one of this start only
  std::string fault;                          // why the directory can't be used
};

// Makes the directory and the key where they are missing; an empty path is a directory that can't
// be used. Error: there is no key at all. Thread: main.
Result<Signing> OpenSigning(const std::string& path);

// Takes the directory over from an earlier nestord that is just ending, reads its last heartbeat
// and begins. One that does not end in `patience` keeps it: then it can't be used. `complain`: from
// a thread of its own, once for each row of heartbeats that the disk does not take. Thread: main.
std::shared_ptr<Heart> StartHeart(HeartOptions options, Signing& signing,
                                  std::chrono::milliseconds patience,
                                  std::function<void(const Error&)> complain);

// For the status.
SignerInfo Describe(const Signing& signing, const std::string& path);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_SIGNING_H_
