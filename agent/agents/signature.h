// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_AGENTS_SIGNATURE_H_
#define NESTOR_AGENT_AGENTS_SIGNATURE_H_

#include <string>
#include <vector>

namespace nestor {

// What an agent is known by. Globs of one list are alternatives; each list that is not empty must
// match. Documented in deploy/nestord.yaml.
struct AgentSignature {
  std::string name;
  // The program: the executable, or the script, module or package that an interpreter is given. A
  // glob without `/` is compared to the file's name, one with `/` to the whole path and the
  // package.
  std::vector<std::string> exe;
  std::vector<std::string> args;    // one argument, whole or its last path component
  std::vector<std::string> images;  // the container's image; alone: its first process
  // Its own program below it is the same agent: a CI runner's worker, sshd's session.
  bool service = false;
};

struct AgentOptions {
  bool builtin = true;  // after the own ones: of several signatures that match the first counts
  std::vector<AgentSignature> signatures;
};

// The shipped ones.
const std::vector<AgentSignature>& BuiltinSignatures();

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_SIGNATURE_H_
