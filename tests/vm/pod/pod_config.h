// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_POD_CONFIG_H_
#define NESTOR_TESTS_VM_POD_POD_CONFIG_H_

#include <map>
#include <string>

#include "agent/base/result.h"
#include "runtime/v1/api.pb.h"
#include "tests/vm/pod/manifest.h"

namespace nestor::pod {

// What is known of a pod only once it is placed and its sandbox runs.
struct Placement {
  std::string node_name;
  std::string ip;                                   // empty on the host's network
  std::string hosts_file;                           // mounted on /etc/hosts; empty: none
  std::map<std::string, std::string> volume_paths;  // volume name → path on the host
};

// The requests a kubelet makes of a specification: pure functions.
::runtime::v1::PodSandboxConfig SandboxConfig(const PodSpec& pod);

// Error: the environment names a ConfigMap or key that is not there.
Result<::runtime::v1::ContainerConfig> ContainerConfig(
    const PodSpec& pod, const ContainerSpec& container, const std::string& image_id,
    const Placement& placement, const std::map<std::string, StringMap>& config_maps);

// "$(NAME)" is replaced by the variable's value, "$$(NAME)" is a literal "$(NAME)", and a reference
// to an unknown variable stays as it is, as Kubernetes has it.
std::string ExpandVariables(const std::string& text, const StringMap& variables);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_POD_CONFIG_H_
