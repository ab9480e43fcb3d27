// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace nestor {
namespace {

YamlMark ToMark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Stops yaml-cpp from inside an event; never leaves this file.
struct Refused : std::runtime_error {
  Refused(YamlMark at, const std::string& reason) : std::runtime_error(reason), mark(at) {}
  YamlMark mark;
};

// Builds the tree from the parser's events, so that bounds hold while reading and not after.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(int& last_start, std::vector<Fault>& faults)
      : last_start_(last_start), faults_(faults) {}

  YamlNode Take() { return std::move(root_); }
  bool empty() const { return root_.kind == YamlNode::Kind::kNull; }

  // yaml-cpp 0.7 does not get past a token that begins no value, such as a lone ",": it gives empty
  // documents for ever.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_start_) throw Refused(ToMark(mark), "this begins no value");
    last_start_ = mark.pos;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open(YamlNode::Kind::kNull, mark, anchor);
    Close();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults_.push_back({ToMark(mark), "aliases are not supported; write the value out"});
    Open(YamlNode::Kind::kNull, mark, 0);
    Close();
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
    if (anchor) faults_.push_back({mark, "anchors are not supported; write the value out"});
    if (++nodes_ > kMaxYamlNodes)
      throw Refused(mark, "the file has more than " + std::to_string(kMaxYamlNodes) + " values");
    if (open_.size() >= kMaxYamlDepth)
      throw Refused(mark,
                    "values are nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    YamlNode& node = NextPlace();
    node.kind = kind;
    node.mark = mark;
    open_.push_back(&node);
    expects_value_.push_back(false);
    keys_.emplace_back();
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
    keys_.pop_back();
    if (!open_.empty() && open_.back()->kind == YamlNode::Kind::kMap && expects_value_.back())
      CheckKey(node);
  }

  // A key of the innermost open map was read.
  void CheckKey(const YamlNode& key) {
    if (key.kind != YamlNode::Kind::kScalar) {
      faults_.push_back({key.mark, "a key must be a plain word"});
      return;
    }
    const auto [first, fresh] = keys_.back().try_emplace(key.scalar, key.mark.line);
    if (!fresh)
      faults_.push_back({key.mark, "key `" + key.scalar +
                                       "` stands here a second time (first: line " +
                                       std::to_string(first->second) + ")"});
  }

  int& last_start_;  // where the document before began
  YamlNode root_;
  std::vector<YamlNode*> open_;
  std::vector<bool> expects_value_;  // for each of open_: a map that has read a key
  std::vector<std::unordered_map<std::string, int>> keys_;  // for each of open_: its keys' lines
  size_t nodes_ = 0;
  std::vector<Fault>& faults_;
};

}  // namespace

std::vector<YamlNode> ParseYaml(std::string_view text, std::vector<Fault>& faults) {
  std::vector<YamlNode> documents;
  if (text.size() > kMaxYamlBytes) {
    faults.push_back(
        {{1, 1}, "the file has more than " + std::to_string(kMaxYamlBytes) + " bytes"});
    return documents;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    int last_start = -1;
    for (;;) {
      TreeBuilder builder(last_start, faults);
      if (!parser.HandleNextDocument(builder)) return documents;
      if (!builder.empty()) documents.push_back(builder.Take());
    }
  } catch (const YAML::Exception& e) {
    faults.push_back({ToMark(e.mark), e.msg});
  } catch (const Refused& e) {
    faults.push_back({e.mark, e.what()});
  }
  return documents;
}

}  // namespace nestor
