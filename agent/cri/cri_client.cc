// SPDX-License-Identifier: Apache-2.0
#include "agent/cri/cri_client.h"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "runtime/v1/api.grpc.pb.h"

namespace nestor {
namespace {

namespace cri = ::runtime::v1;
using std::chrono::milliseconds;

constexpr int kMaxAnswerBytes = 16 << 20;
constexpr int kFirstReconnectMs = 100;
constexpr int kLastReconnectMs = 2000;

constexpr char kPodNameLabel[] = "io.kubernetes.pod.name";
constexpr char kPodNamespaceLabel[] = "io.kubernetes.pod.namespace";
constexpr char kPodUidLabel[] = "io.kubernetes.pod.uid";
constexpr char kContainerNameLabel[] = "io.kubernetes.container.name";

using Labels = std::map<std::string, std::string>;

Labels ToLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  return {labels.begin(), labels.end()};
}

std::string LabelOr(const Labels& labels, const char* key, const std::string& otherwise) {
  const auto label = labels.find(key);
  return label == labels.end() || label->second.empty() ? otherwise : label->second;
}

ListedContainer FromSandbox(const CriSandbox& sandbox) {
  ListedContainer listed;
  listed.id = sandbox.id;
  listed.sandbox = true;
  listed.pod = LabelOr(sandbox.labels, kPodNameLabel, sandbox.pod);
  listed.namespace_name = LabelOr(sandbox.labels, kPodNamespaceLabel, sandbox.namespace_name);
  listed.pod_uid = LabelOr(sandbox.labels, kPodUidLabel, sandbox.pod_uid);
  listed.pod_labels = sandbox.labels;
  return listed;
}

// A sandbox that vanished between the two lists is null; the container's own labels then name it.
ListedContainer FromContainer(CriContainer container, const ListedContainer* sandbox) {
  ListedContainer listed;
  if (sandbox) listed = *sandbox;
  listed.sandbox = false;
  listed.ended = container.ended;
  listed.id = std::move(container.id);
  listed.name = LabelOr(container.labels, kContainerNameLabel, container.name);
  listed.image = std::move(container.image);
  listed.pod = LabelOr(container.labels, kPodNameLabel, listed.pod);
  listed.namespace_name = LabelOr(container.labels, kPodNamespaceLabel, listed.namespace_name);
  listed.pod_uid = LabelOr(container.labels, kPodUidLabel, listed.pod_uid);
  return listed;
}

std::vector<CriContainer> ToContainers(const cri::ListContainersResponse& answer) {
  std::vector<CriContainer> containers;
  containers.reserve(static_cast<size_t>(answer.containers_size()));
  for (const cri::Container& container : answer.containers()) {
    containers.push_back({container.id(), container.metadata().name(), container.pod_sandbox_id(),
                          container.image().image(), ToLabels(container.labels()),
                          container.state() == cri::CONTAINER_EXITED});
  }
  return containers;
}

std::vector<CriSandbox> ToSandboxes(const cri::ListPodSandboxResponse& answer) {
  std::vector<CriSandbox> sandboxes;
  sandboxes.reserve(static_cast<size_t>(answer.items_size()));
  for (const cri::PodSandbox& item : answer.items()) {
    const cri::PodSandboxMetadata& metadata = item.metadata();
    sandboxes.push_back({item.id(), metadata.name(), metadata.namespace_(), metadata.uid(),
                         ToLabels(item.labels())});
  }
  return sandboxes;
}

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  // Not the "minimum" backoff: that is how long one attempt may take, and a busy runtime needs
  // long.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastReconnectMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // By default the percent-encoded path is sent, which servers written in Go refuse.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct CriClient::State {
  State(std::string endpoint_in, std::chrono::milliseconds deadline_in)
      : endpoint(std::move(endpoint_in)),
        deadline(deadline_in),
        channel(Connect(endpoint)),
        runtime(channel),
        images(channel) {}

  template <typename Stub, typename Answer, typename Ask>
  Result<Answer> Call(const char* what, Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Ask&, Answer*),
                      const std::type_identity_t<Ask>& ask, std::chrono::milliseconds patience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    if (!Begin(context)) return Error{ErrorCode::kCancelled, "the CRI client is being closed"};
    Answer answer;
    const grpc::Status status = (stub.*method)(&context, ask, &answer);
    End(context);
    if (status.ok()) return answer;
    return Error{static_cast<ErrorCode>(status.error_code()),
                 std::string("ask ") + endpoint + " for " + what + ": " + status.error_message()};
  }

  bool Begin(grpc::ClientContext& context) {
    const std::lock_guard lock(mutex);
    if (!cancelled) running.insert(&context);
    return !cancelled;
  }

  void End(grpc::ClientContext& context) {
    const std::lock_guard lock(mutex);
    running.erase(&context);
  }

  const std::string endpoint;
  const std::chrono::milliseconds deadline;
  const std::shared_ptr<grpc::Channel> channel;
  cri::RuntimeService::Stub runtime;
  cri::ImageService::Stub images;
  std::mutex mutex;  // guards running and cancelled
  std::set<grpc::ClientContext*> running;
  bool cancelled = false;
  std::mutex names_mutex;
  std::map<std::string, std::string> image_names;  // by id, as last listed
};

CriClient::CriClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

CriClient::~CriClient() = default;

Result<std::unique_ptr<CriClient>> CriClient::Create(const std::string& endpoint,
                                                     std::chrono::milliseconds deadline) {
  if (!endpoint.starts_with("unix:///")) {
    return Error::InvalidArgument("the CRI endpoint must be unix:///PATH, not `" + endpoint + "`");
  }
  return std::unique_ptr<CriClient>(new CriClient(std::make_unique<State>(endpoint, deadline)));
}

Result<RuntimeVersion> CriClient::Version() {
  auto answer = state_->Call("its version", state_->runtime, &cri::RuntimeService::Stub::Version,
                             {}, state_->deadline);
  if (!answer) return answer.error();
  return RuntimeVersion{answer->runtime_name(), answer->runtime_version(),
                        answer->runtime_api_version()};
}

Result<std::vector<CriContainer>> CriClient::ListContainers() {
  auto answer = state_->Call("its containers", state_->runtime,
                             &cri::RuntimeService::Stub::ListContainers, {}, state_->deadline);
  if (!answer) return answer.error();
  return ToContainers(*answer);
}

Result<std::vector<CriSandbox>> CriClient::ListPodSandboxes() {
  auto answer = state_->Call("its pods", state_->runtime,
                             &cri::RuntimeService::Stub::ListPodSandbox, {}, state_->deadline);
  if (!answer) return answer.error();
  return ToSandboxes(*answer);
}

Result<std::map<std::string, std::string>> CriClient::ListImageNames() {
  return ImageNames(state_->deadline);
}

Result<std::map<std::string, std::string>> CriClient::ImageNames(milliseconds deadline) {
  auto answer = state_->Call("its images", state_->images, &cri::ImageService::Stub::ListImages, {},
                             deadline);
  if (!answer) return answer.error();
  std::map<std::string, std::string> names;
  for (const cri::Image& image : answer->images()) {
    if (image.repo_tags_size() > 0) names.emplace(image.id(), image.repo_tags(0));
  }
  return names;
}

// The kubelet creates containers by image id: a person wants the name. Asks only when an id is new.
Status CriClient::NameImages(std::vector<CriContainer>& containers, milliseconds deadline) {
  const std::lock_guard lock(state_->names_mutex);
  bool asked = false;
  for (CriContainer& container : containers) {
    if (!container.image.starts_with("sha256:")) continue;
    auto name = state_->image_names.find(container.image);
    if (name == state_->image_names.end() && !std::exchange(asked, true)) {
      auto names = ImageNames(deadline);
      // Some sockets offer the runtime service alone; ids are then all there is.
      if (!names && names.error().code != ErrorCode::kUnimplemented) return names.error();
      if (names) state_->image_names = std::move(*names);
      name = state_->image_names.find(container.image);
    }
    if (name != state_->image_names.end()) container.image = name->second;
  }
  return {};
}

Result<std::vector<ListedContainer>> CriClient::List() {
  // Containers first: every sandbox of a listed container is then in the later list, unless it was
  // removed between the two.
  auto containers = ListContainers();
  if (!containers) return containers.error();
  auto sandboxes = ListPodSandboxes();
  if (!sandboxes) return sandboxes.error();
  if (Status status = NameImages(*containers, state_->deadline); !status) return status.error();
  return JoinWithPods(std::move(*containers), *sandboxes);
}

// The container before its sandbox, as List does.
Result<FoundContainer> CriClient::Find(const std::string& id, const std::string& sandbox_id,
                                       milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  const auto left = [end] {
    return std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
  };
  cri::ListContainersRequest container_ask;
  container_ask.mutable_filter()->set_id(id);
  auto container = state_->Call("a container", state_->runtime,
                                &cri::RuntimeService::Stub::ListContainers, container_ask, left());
  if (!container) return container.error();
  cri::ListPodSandboxRequest sandbox_ask;
  sandbox_ask.mutable_filter()->set_id(sandbox_id);
  auto sandbox = state_->Call("a pod", state_->runtime, &cri::RuntimeService::Stub::ListPodSandbox,
                              sandbox_ask, left());
  if (!sandbox) return sandbox.error();
  std::vector<CriContainer> containers = ToContainers(*container);
  if (Status status = NameImages(containers, left()); !status) return status.error();
  FoundContainer found;
  // A filter's id may be a prefix, for some runtimes.
  for (ListedContainer& listed : JoinWithPods(std::move(containers), ToSandboxes(*sandbox))) {
    if (listed.id == sandbox_id) found.sandbox = listed;
    if (listed.id == id) found.container = std::move(listed);
  }
  return found;
}

Result<std::string> CriClient::Describe() {
  auto version = Version();
  if (!version) return version.error();
  return version->name + " " + version->version + " at " + state_->endpoint;
}

void CriClient::Cancel() {
  const std::lock_guard lock(state_->mutex);
  state_->cancelled = true;
  for (grpc::ClientContext* context : state_->running) context->TryCancel();
}

std::vector<ListedContainer> JoinWithPods(std::vector<CriContainer> containers,
                                          const std::vector<CriSandbox>& sandboxes) {
  std::vector<ListedContainer> listed;
  listed.reserve(containers.size() + sandboxes.size());
  std::unordered_map<std::string, size_t> by_id;
  for (const CriSandbox& sandbox : sandboxes) {
    by_id.emplace(sandbox.id, listed.size());
    listed.push_back(FromSandbox(sandbox));
  }
  for (CriContainer& container : containers) {
    const auto sandbox = by_id.find(container.pod_sandbox_id);
    const ListedContainer* pod = sandbox == by_id.end() ? nullptr : &listed[sandbox->second];
    listed.push_back(FromContainer(std::move(container), pod));
  }
  return listed;
}

}  // namespace nestor
