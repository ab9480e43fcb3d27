// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_SUPPORT_SOURCE_DIR_H_
#define NESTOR_TESTS_SUPPORT_SOURCE_DIR_H_

#include <string>

namespace nestor {

// Returns the absolute path of `path`, which is relative to the root of the checkout that this test
// was built in: fixtures, golden files, shipped policies. A function and no macro, so that one
// object only depends on where the checkout lies (ccache).
std::string SourcePath(const std::string& path);

}  // namespace nestor

#endif  // NESTOR_TESTS_SUPPORT_SOURCE_DIR_H_
