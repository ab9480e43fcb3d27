// SPDX-License-Identifier: Apache-2.0
// check_policies FILE...: reads and compiles policies as nestord does; says what is wrong with the
// first bad file and exits with 1.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/policy/compile.h"
#include "agent/policy/document.h"

namespace nestor {
namespace {

Status CheckPolicies(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return Error::NotFound(file + ": cannot be read");
  const auto policies = ParsePolicies(text.str(), file);
  if (!policies) return policies.error();
  if (policies->empty()) return Error::InvalidArgument(file + ":1:1: no policy in it");
  const auto compiled = Compile(*policies, 1);
  return compiled ? Status() : Status(compiled.error());
}

}  // namespace
}  // namespace nestor

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (const nestor::Status status = nestor::CheckPolicies(argv[i]); !status) {
      std::cerr << status.error().message << "\n";
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
