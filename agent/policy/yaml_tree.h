// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_YAML_TREE_H_
#define NESTOR_AGENT_POLICY_YAML_TREE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nestor {

struct YamlMark {
  int line = 0;  // from 1
  int column = 0;

  auto operator<=>(const YamlMark&) const = default;
};

// What is wrong at a place.
struct Fault {
  YamlMark mark;
  std::string reason;
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

// Every document of `text`; empty documents are left out. Each fault is appended to `faults`: a key
// twice in one map, a key that is not a scalar, an anchor or alias (so that a small file stays
// small); after one that is not YAML, or beyond a bound above, nothing more is read. Thread: any.
std::vector<YamlNode> ParseYaml(std::string_view text, std::vector<Fault>& faults);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_YAML_TREE_H_
