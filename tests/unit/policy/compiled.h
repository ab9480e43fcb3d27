// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_POLICY_COMPILED_H_
#define NESTOR_TESTS_UNIT_POLICY_COMPILED_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"

namespace nestor {

// A file of policies, compiled. The test fails if it is at fault.
inline CompiledPolicies Compiled(const std::string& text, uint64_t generation = 1) {
  const auto policies = ParsePolicies(text, "p.yaml");
  EXPECT_TRUE(policies.ok()) << policies.error().message;
  if (!policies) return {};
  auto compiled = Compile(*policies, generation);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  return compiled ? *std::move(compiled) : CompiledPolicies();
}

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_POLICY_COMPILED_H_
