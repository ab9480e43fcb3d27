// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_NAMES_H_
#define NESTOR_TESTS_VM_POD_NAMES_H_

#include <string>
#include <string_view>

namespace nestor::pod {

inline constexpr char kPodNameLabel[] = "io.kubernetes.pod.name";
inline constexpr char kPodNamespaceLabel[] = "io.kubernetes.pod.namespace";
inline constexpr char kPodUidLabel[] = "io.kubernetes.pod.uid";
inline constexpr char kContainerNameLabel[] = "io.kubernetes.container.name";

// Safe as a Kubernetes name and as one component of a path: letters, digits, '-', '.', '_', at most
// 253, and neither "." nor "..".
bool ValidName(std::string_view name);

// A random UUID (version 4), as the API server gives to pods.
std::string RandomUid();
// Five letters and digits, as controllers append to the names of their pods.
std::string RandomSuffix();

// Where the kubelet keeps things of a pod.
std::string PodDirectory(const std::string& uid);
std::string LogDirectory(const std::string& namespace_name, const std::string& name,
                         const std::string& uid);
// With the cgroupfs driver, for a pod without resource requests; below the root of cgroup v2.
std::string PodCgroup(const std::string& uid);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_NAMES_H_
