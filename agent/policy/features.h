// SPDX-License-Identifier: Apache-2.0
// What the language can say and the kernel side of this build cannot decide yet. A policy that asks
// for such a thing is refused: a rule that is accepted and never holds would be worse than none.
// When the kernel side learns one, its line in features.cc changes, and Compile carries it over.
#ifndef NESTOR_AGENT_POLICY_FEATURES_H_
#define NESTOR_AGENT_POLICY_FEATURES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace nestor {

enum class Feature : uint8_t {
  kThroughAgents,    // chain.through.agents
  kIdentity,         // chain.identity
  kDigests,          // exec.sha256
  kProvenance,       // exec.from
  kTraits,           // exec.is
  kExecExecutables,  // exceptions of exec rules by the executable that starts
  kCredential,
  kNamespace,
  kTrace,
  kPeerNames,  // connect.names
};

// Whether the kernel side of this build decides it.
bool IsEnforced(Feature feature);

// "`sha256` of exec rules": what a person wrote.
std::string_view Describe(Feature feature);

// "not enforced by this build: …", with what to do instead.
std::string NotEnforced(Feature feature);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_FEATURES_H_
