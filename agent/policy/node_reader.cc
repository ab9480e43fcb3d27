// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/node_reader.h"

#include <algorithm>
#include <charconv>

#include "agent/base/nearest.h"

namespace nestor {

std::string Shown(std::string_view word) {
  constexpr size_t kLongest = 80;
  std::string shown = "`";
  for (const char c : word.substr(0, kLongest)) shown += c >= ' ' && c != 0x7f ? c : '?';
  return shown + (word.size() > kLongest ? "…`" : "`");
}

const YamlNode* NodeReader::Find(const YamlNode& map, std::string_view key) const {
  for (const auto& [name, value] : map.entries)
    if (name.kind == YamlNode::Kind::kScalar && name.scalar == key) return &value;
  return nullptr;
}

const YamlNode* NodeReader::Need(const YamlNode& map, std::string_view key) {
  const YamlNode* value = Find(map, key);
  const bool misspelt =  // and said so already
      std::any_of(map.entries.begin(), map.entries.end(), [key](const YamlEntry& entry) {
        return !NearestWord(entry.key.scalar, {key}).empty();
      });
  if (!value && !misspelt) Fail(map.mark, "`" + std::string(key) + "` is missing");
  return value;
}

bool NodeReader::IsMap(const YamlNode& node, const std::string& what, const WordList& keys) {
  if (node.kind != YamlNode::Kind::kMap) {
    Fail(node.mark, what + " must be a map of keys and values");
    return false;
  }
  for (const auto& [key, value] : node.entries) {
    if (key.kind != YamlNode::Kind::kScalar) continue;  // is a fault already
    if (std::find(keys.begin(), keys.end(), key.scalar) == keys.end())
      Fail(key.mark,
           "unknown field " + Shown(key.scalar) + " in " + what + Suggest(key.scalar, keys));
  }
  return true;
}

std::optional<std::string> NodeReader::Text(const YamlNode& node, const std::string& what,
                                            size_t max) {
  if (node.kind != YamlNode::Kind::kScalar) {
    Fail(node.mark, what + " must be a text");
    return std::nullopt;
  }
  if (node.scalar.empty() || node.scalar.size() > max) {
    Fail(node.mark, what + " must have 1 to " + std::to_string(max) + " bytes");
    return std::nullopt;
  }
  return node.scalar;
}

std::optional<std::string> NodeReader::Word(const YamlNode& node, const std::string& what,
                                            const WordList& words) {
  constexpr size_t kLongest = 1024;
  auto word = Text(node, what, kLongest);
  if (!word || std::find(words.begin(), words.end(), *word) != words.end()) return word;
  Fail(node.mark, what + " cannot be " + Shown(*word) + Suggest(*word, words));
  return std::nullopt;
}

std::optional<uint32_t> NodeReader::Number(const YamlNode& node, const std::string& what,
                                           uint32_t max) {
  uint32_t value = 0;
  const std::string& text = node.scalar;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted && error == std::errc() &&
      end == text.data() + text.size() && value <= max)
    return value;
  Fail(node.mark, what + " must be a whole number from 0 to " + std::to_string(max));
  return std::nullopt;
}

const std::vector<YamlNode>& NodeReader::List(const YamlNode& node, const std::string& what) {
  static const std::vector<YamlNode> kNone;
  if (node.kind == YamlNode::Kind::kList && !node.items.empty()) return node.items;
  Fail(node.mark, what + " must be a list of at least one value");
  return kNone;
}

std::string NodeReader::Name(const YamlNode& map, const std::string& what) {
  constexpr size_t kLongest = 63;
  const YamlNode* node = Need(map, "name");
  const auto name = node ? Text(*node, what, kLongest) : std::nullopt;
  if (!name) return "";
  const bool good = std::all_of(name->begin(), name->end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (!good || name->front() == '-' || name->back() == '-')
    Fail(node->mark,
         what + " has lower-case letters, digits, `-` and `.` only, not " + Shown(*name));
  return *name;
}

}  // namespace nestor
