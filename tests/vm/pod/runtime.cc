// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/runtime.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "runtime/v1/api.grpc.pb.h"

namespace nestor::pod {
namespace {

using RuntimeStub = cri::RuntimeService::Stub;
using ImageStub = cri::ImageService::Stub;

constexpr std::chrono::seconds kDeadline{120};

}  // namespace

struct Runtime::State {
  State(std::string endpoint_in, const std::shared_ptr<grpc::Channel>& channel)
      : endpoint(std::move(endpoint_in)), runtime(channel), images(channel) {}

  template <typename Stub, typename Ask, typename Answer>
  Result<Answer> Call(const std::string& what, Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Ask&, Answer*),
                      const Ask& ask, std::chrono::seconds deadline = kDeadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    Answer answer;
    const grpc::Status status = (stub.*method)(&context, ask, &answer);
    if (status.ok()) return answer;
    return Error{static_cast<ErrorCode>(status.error_code()),
                 what + " by " + endpoint + ": " + status.error_message()};
  }

  // The same for calls that answer nothing.
  template <typename... Arguments>
  Status Do(Arguments&&... arguments) {
    const auto answer = Call(std::forward<Arguments>(arguments)...);
    return answer ? Status() : Status(answer.error());
  }

  const std::string endpoint;
  RuntimeStub runtime;
  ImageStub images;
};

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::Connect(const std::string& endpoint) {
  if (!endpoint.starts_with("unix:///")) {
    return Error::InvalidArgument("the runtime's endpoint must be unix:///PATH, not `" + endpoint +
                                  "`");
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // By default the percent-encoded path is sent, which servers written in Go refuse.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  const auto channel =
      grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
  return std::unique_ptr<Runtime>(new Runtime(std::make_unique<State>(endpoint, channel)));
}

Result<std::string> Runtime::ImageId(const std::string& name) {
  cri::ImageStatusRequest ask;
  ask.mutable_image()->set_image(name);
  const auto status =
      state_->Call("find image " + name, state_->images, &ImageStub::ImageStatus, ask);
  if (!status) return status.error();
  if (status->has_image()) return status->image().id();

  const auto all =
      state_->Call("list images", state_->images, &ImageStub::ListImages, cri::ListImagesRequest());
  if (!all) return all.error();
  std::string there;
  for (const cri::Image& image : all->images()) {
    for (const std::string& tag : image.repo_tags()) there += "\n  " + tag;
  }
  return Error::NotFound("image `" + name + "` is not there and nothing is pulled; there are:" +
                         (there.empty() ? " none" : there));
}

Result<std::string> Runtime::RunSandbox(const cri::PodSandboxConfig& config) {
  cri::RunPodSandboxRequest ask;
  *ask.mutable_config() = config;
  const auto answer = state_->Call("run sandbox of pod " + config.metadata().name(),
                                   state_->runtime, &RuntimeStub::RunPodSandbox, ask);
  if (!answer) return answer.error();
  return answer->pod_sandbox_id();
}

Result<cri::PodSandboxStatus> Runtime::SandboxStatus(const std::string& id) {
  cri::PodSandboxStatusRequest ask;
  ask.set_pod_sandbox_id(id);
  const auto answer =
      state_->Call("read sandbox " + id, state_->runtime, &RuntimeStub::PodSandboxStatus, ask);
  if (!answer) return answer.error();
  return answer->status();
}

Result<std::vector<cri::PodSandbox>> Runtime::Sandboxes() {
  const auto answer = state_->Call("list sandboxes", state_->runtime, &RuntimeStub::ListPodSandbox,
                                   cri::ListPodSandboxRequest());
  if (!answer) return answer.error();
  return std::vector<cri::PodSandbox>(answer->items().begin(), answer->items().end());
}

Status Runtime::StopSandbox(const std::string& id) {
  cri::StopPodSandboxRequest ask;
  ask.set_pod_sandbox_id(id);
  return state_->Do("stop sandbox " + id, state_->runtime, &RuntimeStub::StopPodSandbox, ask);
}

Status Runtime::RemoveSandbox(const std::string& id) {
  cri::RemovePodSandboxRequest ask;
  ask.set_pod_sandbox_id(id);
  return state_->Do("remove sandbox " + id, state_->runtime, &RuntimeStub::RemovePodSandbox, ask);
}

Result<std::string> Runtime::CreateContainer(const std::string& sandbox,
                                             const cri::ContainerConfig& config,
                                             const cri::PodSandboxConfig& sandbox_config) {
  cri::CreateContainerRequest ask;
  ask.set_pod_sandbox_id(sandbox);
  *ask.mutable_config() = config;
  *ask.mutable_sandbox_config() = sandbox_config;
  const auto answer = state_->Call("create container " + config.metadata().name(), state_->runtime,
                                   &RuntimeStub::CreateContainer, ask);
  if (!answer) return answer.error();
  return answer->container_id();
}

Status Runtime::StartContainer(const std::string& id) {
  cri::StartContainerRequest ask;
  ask.set_container_id(id);
  return state_->Do("start container " + id, state_->runtime, &RuntimeStub::StartContainer, ask);
}

Status Runtime::StopContainer(const std::string& id, std::chrono::seconds grace) {
  cri::StopContainerRequest ask;
  ask.set_container_id(id);
  ask.set_timeout(grace.count());
  return state_->Do("stop container " + id, state_->runtime, &RuntimeStub::StopContainer, ask,
                    kDeadline + grace);
}

Result<cri::ContainerStatus> Runtime::StatusOf(const std::string& id) {
  cri::ContainerStatusRequest ask;
  ask.set_container_id(id);
  const auto answer =
      state_->Call("read container " + id, state_->runtime, &RuntimeStub::ContainerStatus, ask);
  if (!answer) return answer.error();
  return answer->status();
}

Result<std::vector<cri::Container>> Runtime::Containers(const std::string& sandbox) {
  cri::ListContainersRequest ask;
  if (!sandbox.empty()) ask.mutable_filter()->set_pod_sandbox_id(sandbox);
  const auto answer =
      state_->Call("list containers", state_->runtime, &RuntimeStub::ListContainers, ask);
  if (!answer) return answer.error();
  return std::vector<cri::Container>(answer->containers().begin(), answer->containers().end());
}

Result<std::string> Runtime::ExecUrl(const cri::ExecRequest& request) {
  const auto answer =
      state_->Call("prepare a command", state_->runtime, &RuntimeStub::Exec, request);
  if (!answer) return answer.error();
  return answer->url();
}

}  // namespace nestor::pod
