// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>
#include <stdexcept>

namespace nestor {
namespace {

YamlMark ToMark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

std::string Place(YamlMark mark, const std::string& reason) {
  return std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": " + reason;
}

// Stops yaml-cpp from inside an event; never leaves this file.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Builds the tree from the parser's events, so that bounds hold while reading and not after.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(int& last_start) : last_start_(last_start) {}

  YamlNode Take() { return std::move(root_); }
  bool empty() const { return root_.kind == YamlNode::Kind::kNull; }

  // yaml-cpp 0.7 does not get past a token that begins no value, such as a lone ",": it gives empty
  // documents for ever.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_start_) throw Refused(Place(ToMark(mark), "this begins no value"));
    last_start_ = mark.pos;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open(YamlNode::Kind::kNull, mark, anchor);
    Close();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused(Place(ToMark(mark), "aliases are not supported; write the value out"));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode& node = Open(YamlNode::Kind::kScalar, mark, anchor);
    node.scalar = value;
    node.quoted = tag == "!";
    Close();
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  YamlNode& Open(YamlNode::Kind kind, const YAML::Mark& at, YAML::anchor_t anchor) {
    const YamlMark mark = ToMark(at);
    if (anchor) throw Refused(Place(mark, "anchors are not supported; write the value out"));
    if (++nodes_ > kMaxYamlNodes)
      throw Refused(
          Place(mark, "the file has more than " + std::to_string(kMaxYamlNodes) + " values"));
    if (open_.size() >= kMaxYamlDepth)
      throw Refused(Place(
          mark, "values are nested deeper than " + std::to_string(kMaxYamlDepth) + " levels"));
    YamlNode& node = NextPlace();
    node.kind = kind;
    node.mark = mark;
    open_.push_back(&node);
    expects_value_.push_back(false);
    return node;
  }

  // Where the next value goes. The pointers in open_ stay valid: only the innermost open container
  // grows, and its last element alone may be open.
  YamlNode& NextPlace() {
    if (open_.empty()) return root_;
    YamlNode& parent = *open_.back();
    if (parent.kind == YamlNode::Kind::kList) return parent.items.emplace_back();
    if (expects_value_.back()) {
      expects_value_.back() = false;
      return parent.entries.back().value;
    }
    expects_value_.back() = true;
    return parent.entries.emplace_back().key;
  }

  void Close() {
    const YamlNode& node = *open_.back();
    open_.pop_back();
    expects_value_.pop_back();
    if (!open_.empty() && open_.back()->kind == YamlNode::Kind::kMap && expects_value_.back())
      CheckKey(*open_.back(), node);
  }

  static void CheckKey(const YamlNode& map, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::kScalar)
      throw Refused(Place(key.mark, "a key must be a plain word"));
    for (const auto& [other, value] : map.entries)
      if (&other != &key && other.scalar == key.scalar)
        throw Refused(Place(key.mark, "key `" + key.scalar +
                                          "` stands here a second time (first: line " +
                                          std::to_string(other.mark.line) + ")"));
  }

  int& last_start_;  // where the document before began
  YamlNode root_;
  std::vector<YamlNode*> open_;
  std::vector<bool> expects_value_;  // for each of open_: a map that has read a key
  size_t nodes_ = 0;
};

}  // namespace

Result<std::vector<YamlNode>> ParseYaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes)
    return Error::InvalidArgument("1:1: the file has more than " + std::to_string(kMaxYamlBytes) +
                                  " bytes");
  std::vector<YamlNode> documents;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    int last_start = -1;
    for (;;) {
      TreeBuilder builder(last_start);
      if (!parser.HandleNextDocument(builder)) return documents;
      if (!builder.empty()) documents.push_back(builder.Take());
    }
  } catch (const YAML::Exception& e) {
    return Error::InvalidArgument(Place(ToMark(e.mark), e.msg));
  } catch (const Refused& e) {
    return Error::InvalidArgument(e.what());
  }
}

}  // namespace nestor
