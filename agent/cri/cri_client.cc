// SPDX-License-Identifier: Apache-2.0
#include "agent/cri/cri_client.h"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "runtime/v1/api.grpc.pb.h"

namespace nestor {
namespace {

namespace cri = ::runtime::v1;

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
  listed.id = std::move(container.id);
  listed.name = LabelOr(container.labels, kContainerNameLabel, container.name);
  listed.image = std::move(container.image);
  listed.pod = LabelOr(container.labels, kPodNameLabel, listed.pod);
  listed.namespace_name = LabelOr(container.labels, kPodNamespaceLabel, listed.namespace_name);
  listed.pod_uid = LabelOr(container.labels, kPodUidLabel, listed.pod_uid);
  return listed;
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
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Ask&, Answer*)) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (!Begin(context)) return Error{ErrorCode::kCancelled, "the CRI client is being closed"};
    Answer answer;
    const grpc::Status status = (stub.*method)(&context, Ask(), &answer);
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
  auto answer = state_->Call("its version", state_->runtime, &cri::RuntimeService::Stub::Version);
  if (!answer) return answer.error();
  return RuntimeVersion{answer->runtime_name(), answer->runtime_version(),
                        answer->runtime_api_version()};
}

Result<std::vector<CriContainer>> CriClient::ListContainers() {
  auto answer =
      state_->Call("its containers", state_->runtime, &cri::RuntimeService::Stub::ListContainers);
  if (!answer) return answer.error();
  std::vector<CriContainer> containers;
  containers.reserve(static_cast<size_t>(answer->containers_size()));
  for (const cri::Container& container : answer->containers()) {
    containers.push_back({container.id(), container.metadata().name(), container.pod_sandbox_id(),
                          container.image().image(), ToLabels(container.labels())});
  }
  return containers;
}

Result<std::vector<CriSandbox>> CriClient::ListPodSandboxes() {
  auto answer =
      state_->Call("its pods", state_->runtime, &cri::RuntimeService::Stub::ListPodSandbox);
  if (!answer) return answer.error();
  std::vector<CriSandbox> sandboxes;
  sandboxes.reserve(static_cast<size_t>(answer->items_size()));
  for (const cri::PodSandbox& item : answer->items()) {
    const cri::PodSandboxMetadata& metadata = item.metadata();
    sandboxes.push_back({item.id(), metadata.name(), metadata.namespace_(), metadata.uid(),
                         ToLabels(item.labels())});
  }
  return sandboxes;
}

Result<std::map<std::string, std::string>> CriClient::ListImageNames() {
  auto answer = state_->Call("its images", state_->images, &cri::ImageService::Stub::ListImages);
  if (!answer) return answer.error();
  std::map<std::string, std::string> names;
  for (const cri::Image& image : answer->images()) {
    if (image.repo_tags_size() > 0) names.emplace(image.id(), image.repo_tags(0));
  }
  return names;
}

// The kubelet creates containers by image id: a person wants the name. Asks only when an id is new.
Status CriClient::NameImages(std::vector<CriContainer>& containers) {
  const std::lock_guard lock(state_->names_mutex);
  bool asked = false;
  for (CriContainer& container : containers) {
    if (!container.image.starts_with("sha256:")) continue;
    auto name = state_->image_names.find(container.image);
    if (name == state_->image_names.end() && !std::exchange(asked, true)) {
      auto names = ListImageNames();
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
  if (Status status = NameImages(*containers); !status) return status.error();
  return JoinWithPods(std::move(*containers), *sandboxes);
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
