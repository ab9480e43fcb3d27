// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_DOCTOR_H_
#define NESTOR_TOOLS_NESTORCTL_DOCTOR_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"

namespace nestor::ctl {

// nestord cannot do its main job without it, and it is not there.
bool IsBlocking(const v1::Capability& capability);

// Every required capability is there.
bool IsHealthy(const v1::Status& status);

// ✓ there, ✗ required and missing, ! missing: what was found, what does not work, how to get it.
std::vector<Line> RenderDoctor(const v1::Status& status);
std::vector<Line> RenderDoctorUnreachable(const Error& error, const std::string& advice);

// {"reachable": true, "healthy": ..., "version": ..., "capabilities": [...], ...}
Result<std::string> DoctorJson(const v1::Status& status);
// {"reachable": false, "healthy": false, "error": ..., "advice": ...}
std::string DoctorJsonUnreachable(const Error& error, const std::string& advice);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_DOCTOR_H_
