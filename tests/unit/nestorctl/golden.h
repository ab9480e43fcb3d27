// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_NESTORCTL_GOLDEN_H_
#define NESTOR_TESTS_UNIT_NESTORCTL_GOLDEN_H_

#include <gtest/gtest.h>

#include <string>

namespace nestor::ctl {

// Whether `text` is what tests/golden/nestorctl/<name> holds. With NESTOR_WRITE_GOLDEN in the
// environment the file is written instead: its change is then reviewed as a diff.
testing::AssertionResult IsGolden(const std::string& name, const std::string& text);

}  // namespace nestor::ctl

#endif  // NESTOR_TESTS_UNIT_NESTORCTL_GOLDEN_H_
