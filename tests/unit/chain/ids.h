// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_CHAIN_IDS_H_
#define NESTOR_TESTS_UNIT_CHAIN_IDS_H_

#include "agent/event/event.h"

namespace nestor {

inline constexpr CgroupId kSidecar = 502;
// The hop that the tests' chain begins with.
inline constexpr HopId kOrigin = 1;

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_CHAIN_IDS_H_
