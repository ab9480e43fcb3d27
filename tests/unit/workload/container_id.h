// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_WORKLOAD_CONTAINER_ID_H_
#define NESTOR_TESTS_UNIT_WORKLOAD_CONTAINER_ID_H_

#include <string>

namespace nestor {

// A container's, as runtimes give them: 64 hex digits.
inline const std::string kId(64, 'a');

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_WORKLOAD_CONTAINER_ID_H_
