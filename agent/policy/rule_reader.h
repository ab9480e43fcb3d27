// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_RULE_READER_H_
#define NESTOR_AGENT_POLICY_RULE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/policy/document.h"
#include "agent/policy/node_reader.h"

namespace nestor {

// One of `rules`. What it asks for beyond today's kernel side is appended to `features`.
RuleDocument ReadRule(NodeReader& reader, const YamlNode& node, OnTruncated on_truncated,
                      std::vector<FeatureUse>& features);

// 64 hex digits, as `sha256sum` prints them; "sha256:" may stand before them.
std::optional<std::string> ReadDigest(NodeReader& reader, const YamlNode& node);

// A list of `memfd`, `deleted`, …: bits of ExecTrait.
uint8_t ReadTraitBits(NodeReader& reader, const YamlNode& node);

// `image` or `added`.
std::optional<Provenance> ReadProvenance(NodeReader& reader, const YamlNode& node);

// `deny` or `audit`.
OnTruncated ReadOnTruncated(NodeReader& reader, const YamlNode& node);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_RULE_READER_H_
