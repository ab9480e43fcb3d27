// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_NESTORD_PEER_KEYS_H_
#define NESTOR_AGENT_NESTORD_PEER_KEYS_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/kernel/peers.h"

namespace nestor {

// The keys of peers, each a file of 32 hex digits that nobody but its owner, root or this user, may
// read. Error: names the file and the reason, never what is in it. Thread: any.
Result<std::vector<PeerKey>> ReadPeerKeys(const std::vector<std::string>& files);

}  // namespace nestor

#endif  // NESTOR_AGENT_NESTORD_PEER_KEYS_H_
