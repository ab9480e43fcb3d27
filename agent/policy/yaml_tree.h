// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_YAML_TREE_H_
#define NESTOR_AGENT_POLICY_YAML_TREE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace nestor {

struct YamlMark {
  int line = 0;  // from 1
  int column = 0;
};

struct YamlEntry;

// A YAML value with the place where it stands.
struct YamlNode {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  YamlMark mark;
  std::string scalar;
  bool quoted = false;
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in order
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

inline constexpr size_t kMaxYamlBytes = 256 << 10;
inline constexpr size_t kMaxYamlNodes = 32768;
inline constexpr size_t kMaxYamlDepth = 16;

// Parses every document of `text`; empty documents are left out. Names its place as "line:column:
// reason". Error: not YAML, a key twice in one map, a key that is not a scalar, an anchor or alias
// (so that a small file stays small), or a bound above. Thread: any.
Result<std::vector<YamlNode>> ParseYaml(std::string_view text);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_YAML_TREE_H_
