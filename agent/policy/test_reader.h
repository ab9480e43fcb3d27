// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_TEST_READER_H_
#define NESTOR_AGENT_POLICY_TEST_READER_H_

#include <vector>

#include "agent/policy/document.h"
#include "agent/policy/node_reader.h"

namespace nestor {

// `tests`: `mustDeny`, `mustAllow` and `mustReport`, lists of acts.
std::vector<PolicyTest> ReadTests(NodeReader& reader, const YamlNode& node);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_TEST_READER_H_
