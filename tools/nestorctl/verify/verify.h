// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFY_H_
#define NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFY_H_

#include <istream>

#include "agent/base/result.h"
#include "tools/nestorctl/run.h"
#include "tools/nestorctl/verify/verifier.h"

namespace nestor::ctl {

// The word for --key that asks the running nestord.
inline constexpr char kKeyFromNode[] = "from-node";

// Lines of a recording through the verifier. Error: the first line that is none, with its number.
Status VerifyLines(std::istream& in, Verifier& verifier);

// `nestorctl verify`: 0 when all holds, 1 when something is missing or altered. Error: bad input.
Result<int> RunVerify(Session& session);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFY_H_
