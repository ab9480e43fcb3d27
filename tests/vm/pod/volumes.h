// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_VOLUMES_H_
#define NESTOR_TESTS_VM_POD_VOLUMES_H_

#include <map>
#include <string>

#include "agent/base/result.h"
#include "tests/vm/pod/manifest.h"

namespace nestor::pod {

// Makes what the pod's volumes need on the host and gives the host path of each by its name.
// ConfigMaps are laid out as the kubelet does (..data is a link to a directory of one generation),
// so that watchers meet what they meet in a cluster.
Result<std::map<std::string, std::string>> PrepareVolumes(
    const PodSpec& pod, const std::map<std::string, StringMap>& config_maps);

// Writes the pod's /etc/hosts and gives its path on the host.
Result<std::string> WriteHostsFile(const PodSpec& pod, const std::string& ip);

// Unmounts and deletes the pod's directory and its logs. Nothing there is success; what a hostPath
// names is left alone.
Status RemovePodFiles(const std::string& uid, const std::string& log_directory);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_VOLUMES_H_
