// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_MANIFEST_H_
#define NESTOR_TESTS_VM_POD_MANIFEST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace nestor::pod {

using StringMap = std::map<std::string, std::string>;

struct EnvVar {
  std::string name;
  std::string value;
  std::string field_path;  // fieldRef, instead of value
  std::string config_map;  // configMapKeyRef, instead of value
  std::string config_key;
};

struct VolumeMount {
  std::string volume;
  std::string path;
  std::string sub_path;
  std::string propagation;  // "", None, HostToContainer, Bidirectional
  bool read_only = false;
};

// What Kubernetes leaves to a default is empty here.
struct SecurityContext {
  std::optional<bool> privileged;
  std::optional<uint64_t> run_as_user;
  std::optional<uint64_t> run_as_group;
  std::vector<std::string> add_capabilities;
  std::vector<std::string> drop_capabilities;
  bool read_only_root = false;
  std::optional<bool> allow_privilege_escalation;
  std::string seccomp;  // "", RuntimeDefault, Unconfined, Localhost
  std::string seccomp_localhost;
  std::string apparmor;  // the same
  std::string apparmor_localhost;
};

struct ContainerSpec {
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<EnvVar> env;
  std::vector<VolumeMount> mounts;
  SecurityContext security;
  bool stdin_open = false;
  bool tty = false;
};

enum class VolumeKind { kEmptyDir, kHostPath, kConfigMap };

struct Volume {
  std::string name;
  VolumeKind kind = VolumeKind::kEmptyDir;
  bool in_memory = false;      // emptyDir
  std::string host_path;       // hostPath
  std::string host_path_type;  // hostPath: "", Directory, DirectoryOrCreate, File, ...
  std::string config_map;      // configMap
  StringMap items;             // configMap: key → path; empty: all keys by their names
  bool optional = false;       // configMap
};

struct PodSpec {
  std::string name;
  std::string namespace_name = "default";
  std::string uid;
  StringMap labels;
  StringMap annotations;
  std::string hostname;
  std::string service_account = "default";
  std::vector<ContainerSpec> init_containers;
  std::vector<ContainerSpec> containers;
  std::vector<Volume> volumes;
  SecurityContext security;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_process_namespace = false;
};

struct Manifests {
  std::vector<PodSpec> pods;                     // in the order of the files
  std::map<std::string, StringMap> config_maps;  // "namespace/name" → data
  std::vector<std::string> skipped;  // "ServiceAccount/nestor": means nothing without an API server
};

// Reads Kubernetes YAML with Pod, DaemonSet (one pod of its template) and ConfigMap documents. What
// would change how a pod runs and is not supported is an error that names the field; what only a
// scheduler or a controller reads is ignored. All errors of all files come in one message.
Result<Manifests> ReadManifests(const std::vector<std::string>& files);

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_MANIFEST_H_
