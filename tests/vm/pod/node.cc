// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/node.h"

#include <unistd.h>
#include <set>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include "tests/vm/pod/names.h"
#include "tests/vm/pod/pod_config.h"
#include "tests/vm/pod/volumes.h"

namespace nestor::pod {
namespace {

constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::seconds kInitContainerLimit{300};
constexpr std::chrono::seconds kCgroupLimit{5};

std::string NodeName() {
  if (const char* name = std::getenv("NODE_NAME"); name && *name) return name;
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

bool IsCalled(const cri::PodSandbox& sandbox, const PodName& pod) {
  return sandbox.metadata().name() == pod.name &&
         sandbox.metadata().namespace_() == pod.namespace_name;
}

std::string FullName(const PodName& pod) { return pod.namespace_name + "/" + pod.name; }

// The containers' cgroups are gone when the runtime has removed the sandbox, but the kernel may
// take a moment to let go of the last processes.
Status RemovePodCgroup(const std::string& uid) {
  const std::string path = "/sys/fs/cgroup" + PodCgroup(uid);
  const auto limit = std::chrono::steady_clock::now() + kCgroupLimit;
  while (rmdir(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    const int number = errno;
    if (number != EBUSY || std::chrono::steady_clock::now() > limit) {
      return Error::FromErrno("remove cgroup " + path, number);
    }
    std::this_thread::sleep_for(kPoll);
  }
  return {};
}

Status MakeLogDirectory(const PodSpec& pod, const std::string& container) {
  const std::string path = LogDirectory(pod.namespace_name, pod.name, pod.uid) + "/" + container;
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Error::FromErrno("make directory " + path, error.value());
  return {};
}

}  // namespace

Status Node::CheckNameIsFree(const PodSpec& pod) {
  const auto sandboxes = runtime_.Sandboxes();
  if (!sandboxes) return sandboxes.error();
  const PodName name{pod.namespace_name, pod.name};
  for (const cri::PodSandbox& sandbox : *sandboxes) {
    if (!IsCalled(sandbox, name)) continue;
    return Error{
        ErrorCode::kAlreadyExists,
        "pod " + FullName(name) + " is there already; `pod rm " + FullName(name) + "` removes it"};
  }
  return {};
}

Result<RunningPod> Node::Run(const PodSpec& pod,
                             const std::map<std::string, StringMap>& config_maps) {
  const std::string context = "pod " + pod.namespace_name + "/" + pod.name;
  if (Status status = CheckNameIsFree(pod); !status) return status.error();
  const std::string log_directory = LogDirectory(pod.namespace_name, pod.name, pod.uid);

  const auto give_up = [&](const std::string& sandbox, const Error& error) {
    Error whole = error.In(context);
    cri::PodSandbox made;
    made.set_id(sandbox);
    made.mutable_metadata()->set_name(pod.name);
    made.mutable_metadata()->set_namespace_(pod.namespace_name);
    made.mutable_metadata()->set_uid(pod.uid);
    const Status cleaned = sandbox.empty() ? RemovePodFiles(pod.uid, log_directory)
                                           : Remove(made, std::chrono::seconds(0));
    if (!cleaned) whole.message += "; and cleaning up: " + cleaned.error().message;
    return whole;
  };

  const auto volume_paths = PrepareVolumes(pod, config_maps);
  if (!volume_paths) return give_up("", volume_paths.error());
  const cri::PodSandboxConfig config = SandboxConfig(pod);
  const auto sandbox = runtime_.RunSandbox(config);
  if (!sandbox) return give_up("", sandbox.error());
  RunningPod running{*sandbox, ""};
  if (Status status =
          StartContainers(pod, config_maps, *volume_paths, *sandbox, config, running.ip);
      !status) {
    return give_up(*sandbox, status.error());
  }
  return running;
}

Status Node::StartContainers(const PodSpec& pod,
                             const std::map<std::string, StringMap>& config_maps,
                             const std::map<std::string, std::string>& volume_paths,
                             const std::string& sandbox,
                             const cri::PodSandboxConfig& sandbox_config, std::string& ip) {
  const auto status = runtime_.SandboxStatus(sandbox);
  if (!status) return status.error();
  ip = status->network().ip();
  Placement placement{NodeName(), ip, "", volume_paths};
  if (!pod.host_network) {
    auto hosts = WriteHostsFile(pod, ip);
    if (!hosts) return hosts.error();
    placement.hosts_file = std::move(*hosts);
  }
  for (const auto* list : {&pod.init_containers, &pod.containers}) {
    for (const ContainerSpec& container : *list) {
      const auto image = runtime_.ImageId(container.image);
      if (!image) return image.error();
      const auto config = ContainerConfig(pod, container, *image, placement, config_maps);
      if (!config) return config.error();
      if (Status made = MakeLogDirectory(pod, container.name); !made) return made;
      const auto id = StartContainer(sandbox, *config, sandbox_config);
      if (!id) return id.error();
      if (list != &pod.init_containers) continue;
      const auto code = WaitForEnd(*id, kInitContainerLimit);
      if (!code) return code.error();
      if (*code != 0) {
        return Error::FailedPrecondition("init container " + container.name + " ended with " +
                                         std::to_string(*code));
      }
    }
  }
  return {};
}

Result<std::string> Node::StartContainer(const std::string& sandbox,
                                         const cri::ContainerConfig& config,
                                         const cri::PodSandboxConfig& sandbox_config) {
  auto id = runtime_.CreateContainer(sandbox, config, sandbox_config);
  if (!id) return id.error();
  if (Status status = runtime_.StartContainer(*id); !status) {
    return status.error().In("container " + config.metadata().name());
  }
  return id;
}

Status Node::Remove(const cri::PodSandbox& sandbox, std::chrono::seconds grace) {
  const auto containers = runtime_.Containers(sandbox.id());
  if (!containers) return containers.error();
  for (const cri::Container& container : *containers) {
    if (container.state() != cri::CONTAINER_RUNNING) continue;
    if (Status status = runtime_.StopContainer(container.id(), grace); !status) return status;
  }
  if (Status status = runtime_.StopSandbox(sandbox.id()); !status) return status;
  if (Status status = runtime_.RemoveSandbox(sandbox.id()); !status) return status;
  const cri::PodSandboxMetadata& metadata = sandbox.metadata();
  if (Status status = RemovePodFiles(
          metadata.uid(), LogDirectory(metadata.namespace_(), metadata.name(), metadata.uid()));
      !status) {
    return status;
  }
  return RemovePodCgroup(metadata.uid());
}

Result<cri::PodSandbox> Node::Find(const PodName& pod) {
  const auto sandboxes = runtime_.Sandboxes();
  if (!sandboxes) return sandboxes.error();
  const cri::PodSandbox* best = nullptr;
  std::string there;
  for (const cri::PodSandbox& sandbox : *sandboxes) {
    there += " " + sandbox.metadata().namespace_() + "/" + sandbox.metadata().name();
    if (!IsCalled(sandbox, pod)) continue;
    const bool ready = sandbox.state() == cri::SANDBOX_READY;
    const bool best_ready = best && best->state() == cri::SANDBOX_READY;
    if (!best || (ready && !best_ready) ||
        (ready == best_ready && sandbox.created_at() > best->created_at())) {
      best = &sandbox;
    }
  }
  if (best) return *best;
  // A name without its namespace is enough where only one pod has it.
  std::set<std::string> namespaces;
  for (const cri::PodSandbox& sandbox : *sandboxes) {
    const std::string& where = sandbox.metadata().namespace_();
    if (pod.namespace_name == "default" && IsCalled(sandbox, {where, pod.name})) {
      namespaces.insert(where);
    }
  }
  if (namespaces.size() == 1) return Find({*namespaces.begin(), pod.name});
  return Error::NotFound("no pod " + FullName(pod) +
                         "; there are:" + (there.empty() ? " none" : there));
}

Result<cri::Container> Node::Find(const PodName& pod, const std::string& container) {
  const auto sandbox = Find(pod);
  if (!sandbox) return sandbox.error();
  const auto containers = runtime_.Containers(sandbox->id());
  if (!containers) return containers.error();
  const cri::Container* best = nullptr;
  std::string there;
  for (const cri::Container& candidate : *containers) {
    there += " " + candidate.metadata().name();
    if (candidate.metadata().name() != container) continue;
    if (!best || candidate.created_at() > best->created_at()) best = &candidate;
  }
  if (best) return *best;
  return Error::NotFound("pod " + FullName(pod) + " has no container " + container +
                         "; there are:" + (there.empty() ? " none" : there));
}

Result<int32_t> Node::WaitForEnd(const std::string& container_id, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto status = runtime_.StatusOf(container_id);
    if (!status) return status.error();
    if (status->state() == cri::CONTAINER_EXITED) return status->exit_code();
    if (std::chrono::steady_clock::now() > end) {
      return Error{ErrorCode::kDeadlineExceeded, "container " + status->metadata().name() +
                                                     " still runs after " +
                                                     std::to_string(limit.count()) + " s"};
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace nestor::pod
