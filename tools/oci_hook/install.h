// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_OCI_HOOK_INSTALL_H_
#define NESTOR_TOOLS_OCI_HOOK_INSTALL_H_

#include <string>

#include "agent/base/result.h"

namespace nestor {

// Copies this program to `path` (mode 0755), in one step for who starts it meanwhile. The directory
// must exist.
Status Install(const std::string& path);

}  // namespace nestor

#endif  // NESTOR_TOOLS_OCI_HOOK_INSTALL_H_
