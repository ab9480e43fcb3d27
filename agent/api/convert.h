// SPDX-License-Identifier: Apache-2.0
// From the vocabulary of agent/event to the messages of proto/nestor/v1. Only masked values come
// in, and what comes out is valid proto3: bytes from pods that are no UTF-8 become U+FFFD.
#ifndef NESTOR_AGENT_API_CONVERT_H_
#define NESTOR_AGENT_API_CONVERT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/api/node.h"
#include "agent/api/wire_writer.h"
#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "nestor/v1/event.pb.h"
#include "nestor/v1/nestor.pb.h"

namespace nestor {

// What each event says beside its own fields.
struct NodeIdentity {
  std::string node;
  std::string boot_id;
};

// Each appends the bytes of a v1::Event: the way of the many events to their readers. Thread: any.
void Write(const Masked<Event>& event, const NodeIdentity& identity, WireWriter& out);
// Tells a reader what it did not get: `count` events now, `total` since its stream began; `events`
// is the name of their class, empty if it is not known.
void WriteMissed(uint64_t count, uint64_t total, std::string_view events,
                 const NodeIdentity& identity, WireWriter& out);

// Each fills `out`, which must be empty (new or after Clear). Thread: any.
void ToProto(const Masked<Event>& event, const NodeIdentity& identity, v1::Event* out);
void ToProto(const Masked<ChainInfo>& chain, v1::Chain* out);
void ToProto(const NodeStatus& status, v1::Status* out);

// The chain at `index`, which must be below chains->size().
void ToProto(const Masked<std::vector<ChainInfo>>& chains, size_t index, v1::Chain* out);

// The agent at `index`, which must be below agents->size().
void ToProto(const Masked<std::vector<AgentInfo>>& agents, size_t index, v1::Agent* out);

// As WriteMissed.
void MissedToProto(uint64_t count, uint64_t total, std::string_view events,
                   const NodeIdentity& identity, v1::Event* out);

}  // namespace nestor

#endif  // NESTOR_AGENT_API_CONVERT_H_
