// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_EXCEPTION_READER_H_
#define NESTOR_AGENT_POLICY_EXCEPTION_READER_H_

#include <vector>

#include "agent/policy/document.h"
#include "agent/policy/node_reader.h"

namespace nestor {

// `exceptions` of a rule about `event`. Executables in those of exec rules are features.
std::vector<ExceptionDocument> ReadExceptions(NodeReader& reader, const YamlNode& node,
                                              RuleEvent event, std::vector<FeatureUse>& features);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_EXCEPTION_READER_H_
