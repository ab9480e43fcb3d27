// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_HOOK_OCI_STATE_H_
#define NESTOR_AGENT_HOOK_OCI_STATE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor {

// A container of a pod as its runtime tells a hook. The names are a claim: the CRI has the last
// word.
struct OciContainer {
  std::string id;
  uint32_t pid = 0;  // of its first process, in the runtime's pid namespace
  bool sandbox = false;
  std::string sandbox_id;
  std::string name;  // empty for the sandbox
  std::string image;
  std::string pod;
  std::string namespace_name;
  std::string pod_uid;
};

// Reads an OCI state ("the state of a container", runtime-spec 1.x) with the annotations of
// containerd's CRI or of CRI-O. kInvalidArgument, with the field: no JSON, more than
// kMaxHookStateBytes, a field that lacks or has another type, a value longer than 4096 bytes, or
// no container of a pod. Thread: any.
Result<OciContainer> ReadOciState(std::string_view json);

}  // namespace nestor

#endif  // NESTOR_AGENT_HOOK_OCI_STATE_H_
