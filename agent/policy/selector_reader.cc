// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/selector_reader.h"

#include <algorithm>

#include "agent/policy/pattern_reader.h"

namespace nestor {
namespace {

constexpr size_t kLongestLabelText = 253;

bool IsLabelMap(NodeReader& reader, const YamlNode& node, const char* what) {
  if (node.kind == YamlNode::Kind::kMap && !node.entries.empty()) return true;
  reader.Fail(node.mark, std::string(what) + " must be a map of at least one label and its value");
  return false;
}

// Values may be globs.
void ReadLabels(NodeReader& reader, const YamlNode& node, WorkloadSelector& selector) {
  if (!IsLabelMap(reader, node, "labels")) return;
  for (const auto& [key, value] : node.entries) {
    const auto text =
        reader.Text(value, "the value of label " + Shown(key.scalar), kLongestLabelText);
    if (!text) continue;
    if (const auto glob = ParseGlob(*text, GlobKind::kArgument); !glob)
      reader.Fail(value.mark, "bad pattern " + Shown(*text) + ": " + glob.error().message);
    selector.labels[key.scalar] = *text;
  }
}

// Values are what they are, as in Kubernetes.
void ReadMatchLabels(NodeReader& reader, const YamlNode& node, WorkloadSelector& selector) {
  if (!IsLabelMap(reader, node, "matchLabels")) return;
  for (const auto& [key, value] : node.entries) {
    const auto text =
        reader.Text(value, "the value of label " + Shown(key.scalar), kLongestLabelText);
    if (!text) continue;
    if (text->find_first_of("*?[") != std::string::npos)
      reader.Fail(value.mark, "matchLabels takes no patterns, as in Kubernetes; put " +
                                  Shown(*text) + " below `labels`");
    selector.expressions.push_back({key.scalar, LabelExpression::Operator::kIn, {*text}});
  }
}

void ReadExpression(NodeReader& reader, const YamlNode& node, WorkloadSelector& selector) {
  if (!reader.IsMap(node, "an expression", {"key", "operator", "values"})) return;
  using Operator = LabelExpression::Operator;
  const YamlNode* key = reader.Need(node, "key");
  const YamlNode* op = reader.Need(node, "operator");
  const auto name = key ? reader.Text(*key, "key", kLongestLabelText) : std::nullopt;
  const auto word =
      op ? reader.Word(*op, "operator", {"In", "NotIn", "Exists", "DoesNotExist"}) : std::nullopt;
  if (!name || !word) return;
  LabelExpression expression{*name, Operator::kExists, {}};
  if (*word == "In") expression.op = Operator::kIn;
  if (*word == "NotIn") expression.op = Operator::kNotIn;
  if (*word == "DoesNotExist") expression.op = Operator::kDoesNotExist;
  const bool wants_values = *word == "In" || *word == "NotIn";
  const YamlNode* values = reader.Find(node, "values");
  if (wants_values != (values != nullptr)) {
    reader.Fail(node.mark, wants_values ? "operator " + *word + " needs `values`"
                                        : "operator " + *word + " takes no `values`");
    return;
  }
  if (values)
    for (const YamlNode& item : reader.List(*values, "values"))
      if (const auto value = reader.Text(item, "a value of values", kLongestLabelText))
        expression.values.push_back(*value);
  selector.expressions.push_back(std::move(expression));
}

}  // namespace

const WordList& WorkloadFields() {
  static const WordList kFields = {"namespaces", "pods",        "containers",      "images",
                                   "labels",     "matchLabels", "matchExpressions"};
  return kFields;
}

WorkloadSelector ReadWorkload(NodeReader& reader, const YamlNode& map) {
  WorkloadSelector selector;
  const auto names = [&](const char* key, std::vector<std::string>& into) {
    if (const YamlNode* list = reader.Find(map, key)) into = ReadNames(reader, *list, key);
  };
  names("namespaces", selector.namespaces);
  names("pods", selector.pods);
  names("containers", selector.containers);
  names("images", selector.images);
  if (const YamlNode* labels = reader.Find(map, "labels")) ReadLabels(reader, *labels, selector);
  if (const YamlNode* labels = reader.Find(map, "matchLabels"))
    ReadMatchLabels(reader, *labels, selector);
  if (const YamlNode* list = reader.Find(map, "matchExpressions"))
    for (const YamlNode& item : reader.List(*list, "matchExpressions"))
      ReadExpression(reader, item, selector);
  return selector;
}

}  // namespace nestor
