// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_SELECTOR_H_
#define NESTOR_AGENT_POLICY_SELECTOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/event/event.h"

namespace nestor {

// A line of Kubernetes' `matchExpressions`.
struct LabelExpression {
  enum class Operator : uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;

  bool operator==(const LabelExpression&) const = default;
};

// Which workloads a policy or an exception is for. Empty: all pods of the node. Values of one list
// are alternatives (globs); lists must all match.
struct WorkloadSelector {
  std::vector<std::string> namespaces;
  std::vector<std::string> pods;
  std::vector<std::string> containers;
  std::vector<std::string> images;
  std::map<std::string, std::string> labels;  // value: a glob
  std::vector<LabelExpression> expressions;

  bool operator==(const WorkloadSelector&) const = default;
  bool empty() const { return *this == WorkloadSelector(); }
};

// Whether a workload whose names are known is selected (labels: the pod's). Thread: any.
bool Selects(const WorkloadSelector& selector, const Workload& workload,
             const std::map<std::string, std::string>& labels);

// Whether a workload whose names are known is one of these containers: "CONTAINER", in whatever
// pod, or "NAMESPACE/POD/CONTAINER"; each part a glob. Thread: any.
bool IsOneOf(const std::vector<std::string>& containers, const Workload& workload);

// How specific a selector is; the larger number wins. Containers count more than pods, pods more
// than labels, labels more than images, images more than namespaces, and each more than all that
// count less together. 0: all pods. At most kMostSpecific.
uint32_t SpecificityOf(const WorkloadSelector& selector);
inline constexpr uint32_t kMostSpecific = 31;

// "containers, namespaces"; "all pods" for 0. What SpecificityOf counted, for people.
std::string SpecificityText(uint32_t specificity);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_SELECTOR_H_
