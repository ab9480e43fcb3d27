// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_VERIFY_REPORT_H_
#define NESTOR_TOOLS_NESTORCTL_VERIFY_REPORT_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "tools/nestorctl/line.h"
#include "tools/nestorctl/verify/verifier.h"

namespace nestor::ctl {

// For people: the starts, what was between them, what does not hold.
std::vector<Line> RenderVerified(const Verified& verified);

// For programs: a `start` for each, then each `finding`, then the `result`.
std::vector<nlohmann::ordered_json> ToJson(const Verified& verified);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_VERIFY_REPORT_H_
