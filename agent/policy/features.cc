// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/features.h"

namespace nestor {
namespace {

struct Entry {
  std::string_view what;
  std::string_view instead;
  bool enforced;
};

Entry EntryOf(Feature feature) {
  switch (feature) {
    case Feature::kThroughAgents:
      return {"`agents` of `through`", "`containers` of `through`, or `minDepth`", true};
    case Feature::kIdentity:
      return {"`identity` of `chain`", "`origins`", true};
    case Feature::kDigests:
      return {"`sha256` of exec rules", "`paths`", true};
    case Feature::kProvenance:
      return {"`from` of exec rules", "`paths`", true};
    case Feature::kTraits:
      return {"`is` of exec rules", "`paths`", true};
    case Feature::kPeerNames:
      return {"`names` of connect rules", "`cidrs`", true};
    case Feature::kExecExecutables:
      return {"`executables` in an exception of an exec rule", "`paths`, `args` or the workload",
              true};
    case Feature::kCredential:
      return {"`credential` rules", "`exec` rules for setuid programs", true};
    case Feature::kNamespace:
      return {"`namespace` rules", "`exec` rules for nsenter and unshare", true};
    case Feature::kTrace:
      return {"`trace` rules", "`exec` rules for debuggers", true};
  }
  return {"this", "another rule", false};
}

}  // namespace

bool IsEnforced(Feature feature) { return EntryOf(feature).enforced; }

std::string_view Describe(Feature feature) { return EntryOf(feature).what; }

std::string NotEnforced(Feature feature) {
  const Entry entry = EntryOf(feature);
  return "not enforced by this build: " + std::string(entry.what) + "; use " +
         std::string(entry.instead);
}

}  // namespace nestor
