// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_LOG_H_
#define NESTOR_TESTS_VM_POD_LOG_H_

#include <ostream>
#include <string>

#include "agent/base/result.h"

namespace nestor::pod {

// Writes what a container printed, from its CRI log file ("TIME STREAM TAGS MESSAGE" lines). A line
// that the runtime cut in parts is put together again. Error: a line that is not of this form.
Status PrintLog(const std::string& path, std::ostream& out);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_LOG_H_
