// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_NODE_READER_H_
#define NESTOR_AGENT_POLICY_NODE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/policy/yaml_tree.h"

namespace nestor {

using WordList = std::vector<std::string_view>;

// Takes values out of a YAML tree; whatever is not as it must be becomes a fault with its place,
// and reading goes on. Thread: one.
class NodeReader {
 public:
  explicit NodeReader(std::vector<Fault>& faults) : faults_(faults) {}

  void Fail(YamlMark mark, std::string reason) { faults_.push_back({mark, std::move(reason)}); }
  size_t faults() const { return faults_.size(); }
  // What is written well and can never hold; and what holds where somebody may not expect it.
  void Idle(YamlMark mark, std::string reason) { idle_.push_back({mark, std::move(reason)}); }
  void Note(YamlMark mark, std::string reason) { notes_.push_back({mark, std::move(reason)}); }
  std::vector<Fault> TakeIdle() { return std::exchange(idle_, {}); }
  std::vector<Fault> TakeNotes() { return std::exchange(notes_, {}); }

  // Whether `node` is a map; each key that is not one of `keys` is a fault.
  bool IsMap(const YamlNode& node, const std::string& what, const WordList& keys);
  // The value under `key`; nullptr: none, and a fault if it is required.
  const YamlNode* Find(const YamlNode& map, std::string_view key) const;
  const YamlNode* Need(const YamlNode& map, std::string_view key);

  // A text of 1 to `max` bytes.
  std::optional<std::string> Text(const YamlNode& node, const std::string& what, size_t max);
  // One of `words`.
  std::optional<std::string> Word(const YamlNode& node, const std::string& what,
                                  const WordList& words);
  // An unquoted whole number.
  std::optional<uint32_t> Number(const YamlNode& node, const std::string& what, uint32_t max);
  // A list that is not empty: an empty one would read as "none" to a person and as "any" to a rule.
  const std::vector<YamlNode>& List(const YamlNode& node, const std::string& what);
  // Lower-case letters, digits, `-` and `.`, as Kubernetes names.
  std::string Name(const YamlNode& map, const std::string& what);

 private:
  std::vector<Fault>& faults_;
  std::vector<Fault> idle_, notes_;
};

// A word for a message: in back quotes, cut, without control bytes.
std::string Shown(std::string_view word);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_NODE_READER_H_
