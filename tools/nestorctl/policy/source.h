// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_POLICY_SOURCE_H_
#define NESTOR_TOOLS_NESTORCTL_POLICY_SOURCE_H_

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"
#include "agent/policy/document.h"

namespace nestor::ctl {

// One file of policies or of their tests, and all that is wrong with it.
struct PolicySource {
  std::string file;
  std::string text;
  std::vector<PolicyDocument> policies;
  std::vector<PolicyTestDocument> tests;
  std::vector<Fault> faults;
  std::vector<Fault> idle;  // paths that can never match; nestord takes the rest
  // Exceptions that are over, which are taken out of `policies`, and paths that match in few
  // images.
  std::vector<std::string> notes;
};

// Reads files, and of folders what nestord would read and the tests beside it, in name order. A
// file that cannot be read is an error; what is in it is a fault. A policy's name twice is a fault
// of the second. Compiles each file's policies, as nestord does, alone.
Result<std::vector<PolicySource>> ReadSources(const std::vector<std::string>& paths);

// All policies of the sources together, as nestord would put them in force. Error: the first fault.
Result<CompiledPolicies> CompileSources(const std::vector<PolicySource>& sources);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_POLICY_SOURCE_H_
