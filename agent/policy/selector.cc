// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/selector.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

#include "agent/policy/glob.h"

namespace nestor {
namespace {

constexpr std::pair<uint32_t, const char*> kKinds[] = {
    {16, "containers"}, {8, "pods"}, {4, "labels"}, {2, "images"}, {1, "namespaces"}};

bool AnyMatches(const std::vector<std::string>& globs, const std::string& value) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&value](const std::string& glob) {
    const Result<Pattern> pattern = ParseGlob(glob, GlobKind::kArgument);
    return pattern && PatternMatches(*pattern, value);
  });
}

bool Holds(const LabelExpression& expression, const std::map<std::string, std::string>& labels) {
  const auto found = labels.find(expression.key);
  const bool there = found != labels.end();
  const bool in = there && std::find(expression.values.begin(), expression.values.end(),
                                     found->second) != expression.values.end();
  switch (expression.op) {
    case LabelExpression::Operator::kIn:
      return in;
    case LabelExpression::Operator::kNotIn:
      return !in;
    case LabelExpression::Operator::kExists:
      return there;
    case LabelExpression::Operator::kDoesNotExist:
      return !there;
  }
  return false;
}

bool HasLabels(const WorkloadSelector& selector, const std::map<std::string, std::string>& labels) {
  for (const auto& [key, glob] : selector.labels) {
    const auto found = labels.find(key);
    if (found == labels.end() || !AnyMatches({glob}, found->second)) return false;
  }
  return std::all_of(
      selector.expressions.begin(), selector.expressions.end(),
      [&labels](const LabelExpression& expression) { return Holds(expression, labels); });
}

// "a/b/c" in its parts.
std::vector<std::string> PartsOf(std::string_view name) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(name, '/')) parts.emplace_back(part.begin(), part.end());
  return parts;
}

}  // namespace

bool IsOneOf(const std::vector<std::string>& containers, const Workload& workload) {
  return std::ranges::any_of(containers, [&workload](const std::string& name) {
    const std::vector<std::string> parts = PartsOf(name);
    if (!AnyMatches({parts.back()}, workload.container)) return false;
    return parts.size() != 3 || (AnyMatches({parts[0]}, workload.namespace_name) &&
                                 AnyMatches({parts[1]}, workload.pod));
  });
}

bool Selects(const WorkloadSelector& selector, const Workload& workload,
             const std::map<std::string, std::string>& labels) {
  return AnyMatches(selector.namespaces, workload.namespace_name) &&
         AnyMatches(selector.pods, workload.pod) &&
         AnyMatches(selector.containers, workload.container) &&
         AnyMatches(selector.images, workload.image) && HasLabels(selector, labels);
}

uint32_t SpecificityOf(const WorkloadSelector& selector) {
  const bool labels = !selector.labels.empty() || !selector.expressions.empty();
  return (selector.containers.empty() ? 0U : 16U) | (selector.pods.empty() ? 0U : 8U) |
         (labels ? 4U : 0U) | (selector.images.empty() ? 0U : 2U) |
         (selector.namespaces.empty() ? 0U : 1U);
}

std::string SpecificityText(uint32_t specificity) {
  std::string text;
  for (const auto& [bit, name] : kKinds)
    if (specificity & bit) text += (text.empty() ? "" : ", ") + std::string(name);
  return text.empty() ? "all pods" : text;
}

}  // namespace nestor
