// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_SELECTOR_READER_H_
#define NESTOR_AGENT_POLICY_SELECTOR_READER_H_

#include "agent/policy/node_reader.h"
#include "agent/policy/selector.h"

namespace nestor {

// The fields that ReadWorkload reads.
const WordList& WorkloadFields();

// `namespaces`, `pods`, `containers`, `images`, `labels`, `matchLabels` and `matchExpressions` of
// `map`, whose keys are checked already.
WorkloadSelector ReadWorkload(NodeReader& reader, const YamlNode& map);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_SELECTOR_READER_H_
