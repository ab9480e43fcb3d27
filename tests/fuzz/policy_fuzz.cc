// SPDX-License-Identifier: Apache-2.0
// Any text must give policies that compile within the kernel's tables and that judge any act, or an
// error that says where. What beside them is a test is judged, too.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "agent/policy/evaluate.h"

namespace nestor {
namespace {

void Check(std::string_view text) {
  const Result<std::vector<PolicyDocument>> policies = ParsePolicies(text, "f.yaml");
  if (!policies) {
    if (!policies.error().message.starts_with("f.yaml")) std::abort();
    return;
  }
  const Result<CompiledPolicies> compiled = Compile(*policies, 1);
  if (!compiled && compiled.error().message.empty()) std::abort();
  if (!compiled) return;
  if (compiled->rules.size() > kMaxRules) std::abort();
  for (const PolicyDocument& policy : *policies)
    for (const PolicyTest& test : policy.tests)
      if (Why(*compiled, Evaluate(*compiled, test.subject)).empty()) std::abort();
}

}  // namespace
}  // namespace nestor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nestor::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
