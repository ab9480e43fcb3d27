// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_NODE_H_
#define NESTOR_TESTS_VM_POD_NODE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "tests/vm/pod/manifest.h"
#include "tests/vm/pod/runtime.h"

namespace nestor::pod {

// A pod as a person names it: "web", or "shop/web".
struct PodName {
  std::string namespace_name = "default";
  std::string name;
};

struct RunningPod {
  std::string sandbox_id;
  std::string ip;
};

// What a kubelet does with pods, at one runtime: their sandboxes, containers, volumes and logs. No
// restarts, no probes, no image pulls. Thread: one.
class Node {
 public:
  explicit Node(Runtime& runtime) : runtime_(runtime) {}

  // Returns when the init containers ended with 0 and all containers are started. Error: nothing
  // of the pod is left.
  Result<RunningPod> Run(const PodSpec& pod, const std::map<std::string, StringMap>& config_maps);

  // Stops and removes the pod with all its containers, volumes and logs. Containers get SIGTERM and
  // after `grace` SIGKILL.
  Status Remove(const cri::PodSandbox& sandbox, std::chrono::seconds grace);

  // The pod's sandbox: the running one, else the newest. Error: none; the message lists the pods.
  Result<cri::PodSandbox> Find(const PodName& pod);
  // The newest container of that name in the pod. Error: none; the message lists those there are.
  Result<cri::Container> Find(const PodName& pod, const std::string& container);

  // Waits until the container ended and gives its exit code.
  Result<int32_t> WaitForEnd(const std::string& container_id, std::chrono::seconds limit);

 private:
  Status StartContainers(const PodSpec& pod, const std::map<std::string, StringMap>& config_maps,
                         const std::map<std::string, std::string>& volume_paths,
                         const std::string& sandbox, const cri::PodSandboxConfig& sandbox_config,
                         std::string& ip);
  Result<std::string> StartContainer(const std::string& sandbox, const cri::ContainerConfig& config,
                                     const cri::PodSandboxConfig& sandbox_config);
  Status CheckNameIsFree(const PodSpec& pod);

  Runtime& runtime_;
};

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_NODE_H_
