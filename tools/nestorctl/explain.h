// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_EXPLAIN_H_
#define NESTOR_TOOLS_NESTORCTL_EXPLAIN_H_

#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/hop_sentence.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// Why a process is in its chain, from the origin to it: each hop as a sentence with how sure that
// is, the candidates of an ambiguous one, and what ran there. `known`: where candidates are found.
std::vector<Line> RenderExplanation(const v1::ExplainResponse& response, const KnownHops& known,
                                    WallTime now);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_EXPLAIN_H_
