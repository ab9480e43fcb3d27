// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_PRINT_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_PRINT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/policy/compiled.h"
#include "agent/policy/subject.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/run.h"

namespace nestor::ctl {

// Lines whole: nothing of what is wrong may be lost.
Status PrintLines(Session& session, const std::vector<Line>& lines);

// One JSON object: a line, or indented with -o json.
Status PrintObject(Session& session, const Json& object);

// "exec /usr/bin/kubectl (kubectl port-forward)", "file read /etc/shadow", "connect 10.0.0.1:80".
std::string SubjectText(const Subject& subject);

// What an action does to an act: its word and its colour.
Style StyleOf(Action action);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_PRINT_H_
