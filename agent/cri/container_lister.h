// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CRI_CONTAINER_LISTER_H_
#define NESTOR_AGENT_CRI_CONTAINER_LISTER_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace nestor {

// One container as the runtime describes it, with the pod it belongs to. Strings come from the
// runtime, which took them from pod specifications: not trusted further than as names.
struct ListedContainer {
  std::string id;
  std::string name;  // of the container in the pod; empty for the sandbox
  std::string image;
  bool sandbox = false;  // the pod's pause container; its id is the sandbox's
  // A container, not a sandbox: nothing of it runs, or will, for the runtime gives no id twice.
  bool ended = false;
  std::string pod;
  std::string namespace_name;
  std::string pod_uid;
  std::map<std::string, std::string> pod_labels;
};

// What the runtime knows of one container and of its pod's sandbox, which are the same for a
// sandbox.
struct FoundContainer {
  std::optional<ListedContainer> container;
  std::optional<ListedContainer> sandbox;
};

// The runtime, as the workload index sees it.
class ContainerLister {
 public:
  virtual ~ContainerLister() = default;

  // Every container and sandbox that the runtime knows, also those that ended. Blocks up to the
  // lister's deadline. Error: the runtime does not answer.
  virtual Result<std::vector<ListedContainer>> List() = 0;
  // One container; what the runtime does not know (yet) lacks. Blocks up to `deadline`. Error: the
  // runtime does not answer. Thread: any.
  virtual Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                                      std::chrono::milliseconds deadline) = 0;
  // Name and version of the runtime and where it was asked, for a person. Blocks like List.
  virtual Result<std::string> Describe() = 0;
  // Makes a running call of another thread return soon with kCancelled, and every later one at
  // once. Thread: any.
  virtual void Cancel() = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_CRI_CONTAINER_LISTER_H_
