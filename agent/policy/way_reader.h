// SPDX-License-Identifier: Apache-2.0
// The way of a chain, as policies and their examples write it.
#ifndef NESTOR_AGENT_POLICY_WAY_READER_H_
#define NESTOR_AGENT_POLICY_WAY_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/event/event.h"
#include "agent/policy/node_reader.h"

namespace nestor {

// `hops`: bits (1 << HopKind).
uint32_t ReadHopKinds(NodeReader& reader, const YamlNode& node);

// `containers` of a policy: see IsOneOf.
std::vector<std::string> ReadContainers(NodeReader& reader, const YamlNode& node);

// `identity` of a policy or an example: the names in its `users`. Literal, at most kMaxUserBytes.
std::vector<std::string> ReadIdentity(NodeReader& reader, const YamlNode& node);

// "shop/web-0/sidecar", or "sidecar" of whatever pod; nullopt: neither. Thread: any.
std::optional<Workload> ContainerNamed(std::string_view name);

// `containers` of an example, by their names.
std::vector<Workload> ReadContainersLeft(NodeReader& reader, const YamlNode& node);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_WAY_READER_H_
