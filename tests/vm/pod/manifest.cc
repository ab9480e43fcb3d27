// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/manifest.h"

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "agent/base/strict_yaml.h"
#include "tests/vm/pod/names.h"

namespace nestor::pod {
namespace {

constexpr uint64_t kMaxId = 0x7fffffff;

// Read by an API server, a scheduler or a controller: without effect on a pod that is already
// placed.
const std::set<std::string_view> kSkippedKinds = {
    "Namespace", "ServiceAccount",     "Role",      "RoleBinding",   "ClusterRole",
    "Service",   "ClusterRoleBinding", "Lease",     "PriorityClass", "CustomResourceDefinition",
    "Secret",    "NetworkPolicy",      "PodMonitor"};

class ManifestReader {
 public:
  ManifestReader(const std::string& file, Manifests& out) : yaml_(file), out_(out) {}

  std::vector<Error> Read(const std::string& text) {
    for (const YAML::Node& document : yaml_.Parse(text)) ReadDocument(document);
    return yaml_.errors();
  }

 private:
  void ReadDocument(const YAML::Node& node) {
    if (node.IsNull()) return;  // an empty document between two separators
    if (!node.IsMap()) return yaml_.Fail(node, "a document must be a map");
    std::string kind;
    yaml_.Read(node, "kind", kind);
    if (kind == "Pod") return ReadPod(node);
    if (kind == "DaemonSet") return ReadDaemonSet(node);
    if (kind == "ConfigMap") return ReadConfigMap(node);
    if (!kSkippedKinds.contains(kind)) {
      return yaml_.Fail(node,
                        "kind `" + kind + "` is not supported; Pod, DaemonSet and ConfigMap are");
    }
    std::string name;
    if (node["metadata"] && node["metadata"].IsMap()) yaml_.Read(node["metadata"], "name", name);
    out_.skipped.push_back(kind + "/" + name);
  }

  void ReadPod(const YAML::Node& node) {
    PodSpec pod;
    pod.uid = RandomUid();
    if (!yaml_.Map(node, "a Pod", {"apiVersion", "kind", "metadata", "spec", "status"})) return;
    ReadMetadata(node, pod);
    ReadSpec(node, pod);
    out_.pods.push_back(std::move(pod));
  }

  void ReadDaemonSet(const YAML::Node& node) {
    PodSpec pod;
    if (!yaml_.Map(node, "a DaemonSet", {"apiVersion", "kind", "metadata", "spec", "status"}))
      return;
    ReadMetadata(node, pod);
    const std::string name = pod.name + "-" + RandomSuffix();
    const std::string namespace_name = pod.namespace_name;
    const YAML::Node spec = node["spec"];
    if (!spec || !yaml_.Map(spec, "a DaemonSet's spec",
                            {"selector", "template", "updateStrategy", "minReadySeconds",
                             "revisionHistoryLimit"})) {
      return yaml_.Fail(node, "a DaemonSet needs a spec");
    }
    const YAML::Node pod_template = spec["template"];
    if (!pod_template || !yaml_.Map(pod_template, "a pod template", {"metadata", "spec"})) {
      return yaml_.Fail(spec, "a DaemonSet needs a template");
    }
    pod = PodSpec();
    ReadMetadata(pod_template, pod, /*needs_name=*/false);
    pod.name = name;
    pod.namespace_name = namespace_name;
    pod.uid = RandomUid();
    ReadSpec(pod_template, pod);
    out_.pods.push_back(std::move(pod));
  }

  void ReadConfigMap(const YAML::Node& node) {
    PodSpec owner;
    if (!yaml_.Map(node, "a ConfigMap", {"apiVersion", "kind", "metadata", "data", "immutable"}))
      return;
    ReadMetadata(node, owner);
    StringMap data;
    ReadStrings(node, "data", data);
    for (const auto& [key, value] : data) {
      if (!ValidName(key)) yaml_.Fail(node["data"], "`" + key + "` cannot be a key of a ConfigMap");
    }
    const std::string id = owner.namespace_name + "/" + owner.name;
    if (!out_.config_maps.emplace(id, std::move(data)).second) {
      yaml_.Fail(node, "a second ConfigMap " + id);
    }
  }

  void ReadMetadata(const YAML::Node& parent, PodSpec& pod, bool needs_name = true) {
    const YAML::Node node = parent["metadata"];
    if (!node) {
      if (needs_name) yaml_.Fail(parent, "metadata.name is missing");
      return;
    }
    if (!yaml_.Map(node, "metadata",
                   {"name", "namespace", "labels", "annotations", "uid", "creationTimestamp"})) {
      return;
    }
    yaml_.Read(node, "name", pod.name);
    yaml_.Read(node, "namespace", pod.namespace_name);
    yaml_.Read(node, "uid", pod.uid);
    ReadStrings(node, "labels", pod.labels);
    ReadStrings(node, "annotations", pod.annotations);
    if (needs_name) CheckName(node, "metadata.name", pod.name);
    CheckName(node, "metadata.namespace", pod.namespace_name);
    if (!pod.uid.empty()) CheckName(node, "metadata.uid", pod.uid);
  }

  void ReadSpec(const YAML::Node& parent, PodSpec& pod) {
    const YAML::Node node = parent["spec"];
    if (!node) return yaml_.Fail(parent, "spec is missing");
    if (!yaml_.Map(
            node, "a pod's spec",
            {"containers", "initContainers", "volumes", "hostPID", "hostNetwork", "hostIPC",
             "shareProcessNamespace", "hostname", "securityContext", "serviceAccountName",
             // ignored:
             "restartPolicy", "terminationGracePeriodSeconds", "serviceAccount",
             "automountServiceAccountToken", "tolerations", "nodeSelector", "affinity",
             "priorityClassName", "priority", "preemptionPolicy", "dnsPolicy", "enableServiceLinks",
             "schedulerName", "nodeName", "imagePullSecrets", "topologySpreadConstraints"})) {
      return;
    }
    yaml_.Read(node, "hostPID", pod.host_pid);
    yaml_.Read(node, "hostNetwork", pod.host_network);
    yaml_.Read(node, "hostIPC", pod.host_ipc);
    yaml_.Read(node, "shareProcessNamespace", pod.share_process_namespace);
    yaml_.Read(node, "hostname", pod.hostname);
    yaml_.Read(node, "serviceAccountName", pod.service_account);
    if (node["securityContext"]) ReadPodSecurity(node["securityContext"], pod.security);
    yaml_.ForEach(node, "volumes", [&](const YAML::Node& item) { ReadVolume(item, pod); });
    yaml_.ForEach(node, "initContainers",
                  [&](const YAML::Node& item) { ReadContainer(item, pod, pod.init_containers); });
    yaml_.ForEach(node, "containers",
                  [&](const YAML::Node& item) { ReadContainer(item, pod, pod.containers); });
    if (pod.containers.empty()) yaml_.Fail(node, "a pod needs a container");
    CheckContainerNames(node, pod);
  }

  void CheckContainerNames(const YAML::Node& node, const PodSpec& pod) {
    std::set<std::string> names;
    for (const auto* list : {&pod.init_containers, &pod.containers}) {
      for (const ContainerSpec& container : *list) {
        if (!names.insert(container.name).second) {
          yaml_.Fail(node, "two containers are called `" + container.name + "`");
        }
      }
    }
  }

  void ReadContainer(const YAML::Node& node, const PodSpec& pod, std::vector<ContainerSpec>& out) {
    if (!yaml_.Map(node, "a container",
                   {"name", "image", "command", "args", "env", "workingDir", "volumeMounts",
                    "securityContext", "stdin", "tty",
                    // ignored:
                    "imagePullPolicy", "ports", "resources", "livenessProbe", "readinessProbe",
                    "startupProbe", "terminationMessagePath", "terminationMessagePolicy"})) {
      return;
    }
    ContainerSpec container;
    yaml_.Read(node, "name", container.name);
    yaml_.Read(node, "image", container.image);
    yaml_.Read(node, "command", container.command);
    yaml_.Read(node, "args", container.args);
    yaml_.Read(node, "workingDir", container.working_dir);
    yaml_.Read(node, "stdin", container.stdin_open);
    yaml_.Read(node, "tty", container.tty);
    yaml_.ForEach(node, "env", [&](const YAML::Node& item) { ReadEnv(item, container); });
    yaml_.ForEach(node, "volumeMounts",
                  [&](const YAML::Node& item) { ReadMount(item, pod, container); });
    if (node["securityContext"]) ReadSecurity(node["securityContext"], container.security);
    CheckName(node, "a container's name", container.name);
    if (container.image.empty())
      yaml_.Fail(node, "container `" + container.name + "` needs an image");
    out.push_back(std::move(container));
  }

  void ReadEnv(const YAML::Node& node, ContainerSpec& container) {
    if (!yaml_.Map(node, "an environment variable", {"name", "value", "valueFrom"})) return;
    EnvVar variable;
    yaml_.Read(node, "name", variable.name);
    yaml_.Read(node, "value", variable.value);
    if (variable.name.empty()) yaml_.Fail(node, "an environment variable needs a name");
    if (const YAML::Node from = node["valueFrom"]) ReadValueFrom(from, variable);
    container.env.push_back(std::move(variable));
  }

  void ReadValueFrom(const YAML::Node& from, EnvVar& variable) {
    if (!yaml_.Map(from, "valueFrom", {"fieldRef", "configMapKeyRef"})) return;
    if (const YAML::Node field = from["fieldRef"]) {
      if (!yaml_.Map(field, "fieldRef", {"fieldPath", "apiVersion"})) return;
      yaml_.ReadWord(field, "fieldPath",
                     {"spec.nodeName", "spec.serviceAccountName", "metadata.name",
                      "metadata.namespace", "metadata.uid", "status.podIP"},
                     variable.field_path);
      if (!field["fieldPath"]) yaml_.Fail(field, "fieldRef needs a fieldPath");
    } else if (const YAML::Node key = from["configMapKeyRef"]) {
      if (!yaml_.Map(key, "configMapKeyRef", {"name", "key"})) return;
      yaml_.Read(key, "name", variable.config_map);
      yaml_.Read(key, "key", variable.config_key);
      if (variable.config_map.empty() || variable.config_key.empty()) {
        yaml_.Fail(key, "configMapKeyRef needs a name and a key");
      }
    }
  }

  void ReadMount(const YAML::Node& node, const PodSpec& pod, ContainerSpec& container) {
    if (!yaml_.Map(node, "a volumeMount",
                   {"name", "mountPath", "readOnly", "subPath", "mountPropagation"})) {
      return;
    }
    VolumeMount mount;
    yaml_.Read(node, "name", mount.volume);
    yaml_.Read(node, "mountPath", mount.path);
    yaml_.Read(node, "readOnly", mount.read_only);
    yaml_.Read(node, "subPath", mount.sub_path);
    yaml_.ReadWord(node, "mountPropagation", {"None", "HostToContainer", "Bidirectional"},
                   mount.propagation);
    bool known = false;
    for (const Volume& volume : pod.volumes) known |= volume.name == mount.volume;
    if (!known) yaml_.Fail(node, "the pod has no volume `" + mount.volume + "`");
    if (!mount.path.starts_with('/')) yaml_.Fail(node, "mountPath must begin with a slash");
    if (mount.sub_path.starts_with('/') ||
        ("/" + mount.sub_path + "/").find("/../") != std::string::npos) {
      yaml_.Fail(node, "subPath must stay inside the volume");
    }
    container.mounts.push_back(std::move(mount));
  }

  void ReadVolume(const YAML::Node& node, PodSpec& pod) {
    if (!yaml_.Map(node, "a volume", {"name", "emptyDir", "hostPath", "configMap"})) return;
    Volume volume;
    yaml_.Read(node, "name", volume.name);
    CheckName(node, "a volume's name", volume.name);
    if (node["emptyDir"]) {
      ReadEmptyDir(node["emptyDir"], volume);
    } else if (node["hostPath"]) {
      ReadHostPath(node["hostPath"], volume);
    } else if (node["configMap"]) {
      ReadConfigMapVolume(node["configMap"], volume);
    } else {
      yaml_.Fail(node, "volume `" + volume.name + "` needs one of emptyDir, hostPath, configMap");
    }
    pod.volumes.push_back(std::move(volume));
  }

  void ReadEmptyDir(const YAML::Node& node, Volume& volume) {
    volume.kind = VolumeKind::kEmptyDir;
    if (node.IsNull() || !yaml_.Map(node, "emptyDir", {"medium", "sizeLimit"})) return;
    std::string medium;
    yaml_.ReadWord(node, "medium", {"", "Memory"}, medium);
    volume.in_memory = medium == "Memory";
  }

  void ReadHostPath(const YAML::Node& node, Volume& volume) {
    volume.kind = VolumeKind::kHostPath;
    if (!yaml_.Map(node, "hostPath", {"path", "type"})) return;
    yaml_.Read(node, "path", volume.host_path);
    yaml_.ReadWord(node, "type",
                   {"", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
                    "CharDevice", "BlockDevice"},
                   volume.host_path_type);
    if (!volume.host_path.starts_with('/'))
      yaml_.Fail(node, "hostPath.path must begin with a slash");
  }

  void ReadConfigMapVolume(const YAML::Node& node, Volume& volume) {
    volume.kind = VolumeKind::kConfigMap;
    if (!yaml_.Map(node, "configMap", {"name", "items", "optional", "defaultMode"})) return;
    yaml_.Read(node, "name", volume.config_map);
    yaml_.Read(node, "optional", volume.optional);
    if (volume.config_map.empty()) yaml_.Fail(node, "configMap needs a name");
    yaml_.ForEach(node, "items", [&](const YAML::Node& item) {
      if (!yaml_.Map(item, "an item", {"key", "path"})) return;
      std::string key, path;
      yaml_.Read(item, "key", key);
      yaml_.Read(item, "path", path);
      if (!ValidName(path)) yaml_.Fail(item, "`" + path + "` must be a plain file name");
      volume.items[key] = path;
    });
  }

  void ReadSecurity(const YAML::Node& node, SecurityContext& out) {
    if (!yaml_.Map(
            node, "a container's securityContext",
            {"privileged", "runAsUser", "runAsGroup", "capabilities", "readOnlyRootFilesystem",
             "allowPrivilegeEscalation", "seccompProfile", "appArmorProfile", "runAsNonRoot"})) {
      return;
    }
    ReadFlag(node, "privileged", out.privileged);
    ReadFlag(node, "allowPrivilegeEscalation", out.allow_privilege_escalation);
    yaml_.Read(node, "readOnlyRootFilesystem", out.read_only_root);
    ReadUsers(node, out);
    if (const YAML::Node capabilities = node["capabilities"]) {
      if (!yaml_.Map(capabilities, "capabilities", {"add", "drop"})) return;
      yaml_.Read(capabilities, "add", out.add_capabilities);
      yaml_.Read(capabilities, "drop", out.drop_capabilities);
    }
    ReadProfile(node, "appArmorProfile", out.apparmor, out.apparmor_localhost);
  }

  void ReadPodSecurity(const YAML::Node& node, SecurityContext& out) {
    if (!yaml_.Map(node, "a pod's securityContext",
                   {"runAsUser", "runAsGroup", "seccompProfile", "runAsNonRoot"})) {
      return;
    }
    ReadUsers(node, out);
  }

  void ReadUsers(const YAML::Node& node, SecurityContext& out) {
    ReadId(node, "runAsUser", out.run_as_user);
    ReadId(node, "runAsGroup", out.run_as_group);
    ReadProfile(node, "seccompProfile", out.seccomp, out.seccomp_localhost);
  }

  void ReadProfile(const YAML::Node& parent, const char* key, std::string& type,
                   std::string& local) {
    const YAML::Node node = parent[key];
    if (!node || !yaml_.Map(node, key, {"type", "localhostProfile"})) return;
    yaml_.ReadWord(node, "type", {"RuntimeDefault", "Unconfined", "Localhost"}, type);
    yaml_.Read(node, "localhostProfile", local);
  }

  void ReadFlag(const YAML::Node& node, const char* key, std::optional<bool>& out) {
    if (!node[key]) return;
    bool value = false;
    yaml_.Read(node, key, value);
    out = value;
  }

  void ReadId(const YAML::Node& node, const char* key, std::optional<uint64_t>& out) {
    if (!node[key]) return;
    uint64_t value = 0;
    yaml_.ReadNumber(node, key, 0, kMaxId, value);
    out = value;
  }

  void ReadStrings(const YAML::Node& parent, const char* key, StringMap& out) {
    const YAML::Node node = parent[key];
    if (!node || node.IsNull()) return;
    if (!node.IsMap()) return yaml_.Fail(node, std::string(key) + " must be a map");
    for (const auto& entry : node) {
      if (entry.first.IsScalar() && entry.second.IsScalar()) {
        out[entry.first.Scalar()] = entry.second.Scalar();
      } else {
        yaml_.Fail(entry.first, "every entry of " + std::string(key) + " must be a single value");
      }
    }
  }

  void CheckName(const YAML::Node& node, const char* what, const std::string& name) {
    if (!ValidName(name)) yaml_.Fail(node, std::string(what) + " `" + name + "` is not a name");
  }

  StrictYaml yaml_;
  Manifests& out_;
};

Result<std::string> ReadFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error::FromErrno("open " + file, errno);
  std::ostringstream text;
  text << stream.rdbuf();
  if (stream.bad()) return Error::FromErrno("read " + file, errno);
  return text.str();
}

}  // namespace

Result<Manifests> ReadManifests(const std::vector<std::string>& files) {
  Manifests manifests;
  std::string reasons;
  for (const std::string& file : files) {
    const auto text = ReadFile(file);
    if (!text) return text.error();
    for (const Error& error : ManifestReader(file, manifests).Read(*text)) {
      reasons += (reasons.empty() ? "" : "\n") + error.message;
    }
  }
  if (!reasons.empty()) return Error::InvalidArgument(reasons);
  return manifests;
}

}  // namespace nestor::pod
