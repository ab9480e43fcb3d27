// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/pod_config.h"

#include <optional>

#include "tests/vm/pod/names.h"

namespace nestor::pod {
namespace {

namespace cri = ::runtime::v1;

void SetNamespaces(const PodSpec& pod, cri::NamespaceOption& options) {
  options.set_network(pod.host_network ? cri::NODE : cri::POD);
  options.set_ipc(pod.host_ipc ? cri::NODE : cri::POD);
  options.set_pid(pod.host_pid                  ? cri::NODE
                  : pod.share_process_namespace ? cri::POD
                                                : cri::CONTAINER);
}

// Without a type: Unconfined, the kubelet's default for seccomp.
void SetProfile(const std::string& type, const std::string& local, cri::SecurityProfile& out) {
  if (type == "Localhost") {
    out.set_profile_type(cri::SecurityProfile::Localhost);
    out.set_localhost_ref(local);
  } else {
    out.set_profile_type(type == "RuntimeDefault" ? cri::SecurityProfile::RuntimeDefault
                                                  : cri::SecurityProfile::Unconfined);
  }
}

bool HasPrivileged(const PodSpec& pod) {
  for (const auto* list : {&pod.init_containers, &pod.containers}) {
    for (const ContainerSpec& container : *list) {
      if (container.security.privileged.value_or(false)) return true;
    }
  }
  return false;
}

template <typename T>
std::optional<T> Either(const std::optional<T>& first, const std::optional<T>& second) {
  return first ? first : second;
}

void SetUser(const SecurityContext& own, const SecurityContext& pods,
             cri::LinuxContainerSecurityContext& out) {
  if (const auto user = Either(own.run_as_user, pods.run_as_user)) {
    out.mutable_run_as_user()->set_value(static_cast<int64_t>(*user));
  }
  if (const auto group = Either(own.run_as_group, pods.run_as_group)) {
    out.mutable_run_as_group()->set_value(static_cast<int64_t>(*group));
  }
}

void SetSecurity(const PodSpec& pod, const SecurityContext& own,
                 cri::LinuxContainerSecurityContext& out) {
  const bool privileged = own.privileged.value_or(false);
  out.set_privileged(privileged);
  for (const std::string& name : own.add_capabilities) {
    out.mutable_capabilities()->add_add_capabilities(name);
  }
  for (const std::string& name : own.drop_capabilities) {
    out.mutable_capabilities()->add_drop_capabilities(name);
  }
  SetNamespaces(pod, *out.mutable_namespace_options());
  SetUser(own, pod.security, out);
  out.set_readonly_rootfs(own.read_only_root);
  out.set_no_new_privs(!own.allow_privilege_escalation.value_or(true) && !privileged);
  const SecurityContext& seccomp = own.seccomp.empty() ? pod.security : own;
  SetProfile(seccomp.seccomp, seccomp.seccomp_localhost, *out.mutable_seccomp());
  // Unset means the runtime's default where the kernel has AppArmor, and nothing where it has not.
  if (!own.apparmor.empty()) {
    SetProfile(own.apparmor, own.apparmor_localhost, *out.mutable_apparmor());
  }
}

std::string FieldValue(const std::string& path, const PodSpec& pod, const Placement& placement) {
  if (path == "spec.nodeName") return placement.node_name;
  if (path == "spec.serviceAccountName") return pod.service_account;
  if (path == "metadata.name") return pod.name;
  if (path == "metadata.namespace") return pod.namespace_name;
  if (path == "metadata.uid") return pod.uid;
  return placement.ip;  // status.podIP; ReadManifests takes no other
}

Result<std::string> EnvValue(const EnvVar& variable, const PodSpec& pod, const Placement& placement,
                             const std::map<std::string, StringMap>& config_maps,
                             const StringMap& earlier) {
  if (!variable.field_path.empty()) return FieldValue(variable.field_path, pod, placement);
  if (variable.config_map.empty()) return ExpandVariables(variable.value, earlier);
  const std::string id = pod.namespace_name + "/" + variable.config_map;
  const auto config_map = config_maps.find(id);
  if (config_map != config_maps.end()) {
    const auto value = config_map->second.find(variable.config_key);
    if (value != config_map->second.end()) return value->second;
  }
  return Error::NotFound("variable " + variable.name + ": no key " + variable.config_key +
                         " in a ConfigMap " + id);
}

cri::MountPropagation Propagation(const std::string& word) {
  if (word == "HostToContainer") return cri::PROPAGATION_HOST_TO_CONTAINER;
  if (word == "Bidirectional") return cri::PROPAGATION_BIDIRECTIONAL;
  return cri::PROPAGATION_PRIVATE;
}

void AddMounts(const ContainerSpec& container, const Placement& placement,
               cri::ContainerConfig& config) {
  bool has_hosts = false;
  for (const VolumeMount& wanted : container.mounts) {
    cri::Mount* mount = config.add_mounts();
    mount->set_container_path(wanted.path);
    mount->set_host_path(placement.volume_paths.at(wanted.volume) +
                         (wanted.sub_path.empty() ? "" : "/" + wanted.sub_path));
    mount->set_readonly(wanted.read_only);
    mount->set_propagation(Propagation(wanted.propagation));
    has_hosts |= wanted.path == "/etc/hosts";
  }
  if (has_hosts || placement.hosts_file.empty()) return;
  cri::Mount* mount = config.add_mounts();
  mount->set_container_path("/etc/hosts");
  mount->set_host_path(placement.hosts_file);
}

}  // namespace

std::string ExpandVariables(const std::string& text, const StringMap& variables) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    if (text[at + 1] == '$') {
      out += '$';
      ++at;
      continue;
    }
    const size_t end = text[at + 1] == '(' ? text.find(')', at) : std::string::npos;
    const auto value = end == std::string::npos ? variables.end()
                                                : variables.find(text.substr(at + 2, end - at - 2));
    if (value == variables.end()) {
      out += '$';
      continue;
    }
    out += value->second;
    at = end;
  }
  return out;
}

cri::PodSandboxConfig SandboxConfig(const PodSpec& pod) {
  cri::PodSandboxConfig config;
  config.mutable_metadata()->set_name(pod.name);
  config.mutable_metadata()->set_uid(pod.uid);
  config.mutable_metadata()->set_namespace_(pod.namespace_name);
  // On the host's network the host's name stays. Otherwise at most 63 bytes: the kubelet cuts too.
  if (!pod.host_network) {
    config.set_hostname((pod.hostname.empty() ? pod.name : pod.hostname).substr(0, 63));
  }
  config.set_log_directory(LogDirectory(pod.namespace_name, pod.name, pod.uid));
  // Without any setting the runtime copies the host's resolv.conf, which the VM may not have.
  config.mutable_dns_config()->add_options("ndots:5");
  auto& labels = *config.mutable_labels();
  for (const auto& [key, value] : pod.labels) labels[key] = value;
  labels[kPodNameLabel] = pod.name;
  labels[kPodNamespaceLabel] = pod.namespace_name;
  labels[kPodUidLabel] = pod.uid;
  for (const auto& [key, value] : pod.annotations) (*config.mutable_annotations())[key] = value;
  config.mutable_linux()->set_cgroup_parent(PodCgroup(pod.uid));
  auto& security = *config.mutable_linux()->mutable_security_context();
  SetNamespaces(pod, *security.mutable_namespace_options());
  security.set_privileged(HasPrivileged(pod));
  SetProfile("RuntimeDefault", "", *security.mutable_seccomp());
  return config;
}

Result<cri::ContainerConfig> ContainerConfig(const PodSpec& pod, const ContainerSpec& container,
                                             const std::string& image_id,
                                             const Placement& placement,
                                             const std::map<std::string, StringMap>& config_maps) {
  cri::ContainerConfig config;
  StringMap variables;
  for (const EnvVar& variable : container.env) {
    auto value = EnvValue(variable, pod, placement, config_maps, variables);
    if (!value) return value.error().In("container " + container.name);
    cri::KeyValue* pair = config.add_envs();
    pair->set_key(variable.name);
    pair->set_value(*value);
    variables[variable.name] = std::move(*value);
  }
  config.mutable_metadata()->set_name(container.name);
  config.mutable_image()->set_image(image_id);
  for (const std::string& word : container.command) {
    config.add_command(ExpandVariables(word, variables));
  }
  for (const std::string& word : container.args) config.add_args(ExpandVariables(word, variables));
  config.set_working_dir(container.working_dir);
  AddMounts(container, placement, config);
  auto& labels = *config.mutable_labels();
  labels[kContainerNameLabel] = container.name;
  labels[kPodNameLabel] = pod.name;
  labels[kPodNamespaceLabel] = pod.namespace_name;
  labels[kPodUidLabel] = pod.uid;
  config.set_log_path(container.name + "/0.log");
  config.set_stdin(container.stdin_open);
  config.set_tty(container.tty);
  SetSecurity(pod, container.security, *config.mutable_linux()->mutable_security_context());
  return config;
}

}  // namespace nestor::pod
