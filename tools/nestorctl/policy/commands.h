// SPDX-License-Identifier: Apache-2.0
// `nestorctl policy …`: what needs no nestord. Each command's answer goes to the session's output;
// the result is the exit code, or why it failed.
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_COMMANDS_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_COMMANDS_H_

#include "agent/base/result.h"
#include "tools/nestorctl/run.h"

namespace nestor::ctl {

// Says all that is wrong with policies; exit 1 when anything is.
Result<int> RunPolicyValidate(Session& session);

// Judges the examples beside policies; exit 1 when one is not as expected.
Result<int> RunPolicyTest(Session& session);

// Says which rule decides one act, and why.
Result<int> RunPolicyExplain(Session& session);

// What changes from one set of policies to another; exit 1 when something does.
Result<int> RunPolicyDiff(Session& session);

// What policies would have done on recorded events.
Result<int> RunPolicyReplay(Session& session);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_COMMANDS_H_
