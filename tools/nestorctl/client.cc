// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel_posix.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "agent/base/unique_fd.h"

namespace nestor::ctl {
namespace {

Error ConnectError(const std::string& socket, int number) {
  const bool forbidden = number == EACCES || number == EPERM;
  return {forbidden ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
          Error::FromErrno("connect to " + socket, number).message};
}

// The connection is made here and not by gRPC, whose errors do not keep the errno.
Result<UniqueFd> ConnectSocket(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) {
    return Error::InvalidArgument("the socket's path is longer than " +
                                  std::to_string(sizeof(address.sun_path) - 1) +
                                  " bytes: " + socket_path);
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return Error::FromErrno("open a socket", errno);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return ConnectError(socket_path, errno);
  }
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return Error::FromErrno("make the socket non-blocking", errno);
  }
  return fd;
}

std::string GroupOf(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return "";
  const group* entry = getgrgid(info.st_gid);
  return entry ? entry->gr_name : "";
}

}  // namespace

Result<Client> Client::Connect(const std::string& socket, Stopper& stopper) {
  auto fd = ConnectSocket(socket);
  if (!fd) return fd.error();
  grpc::ChannelArguments arguments;
  constexpr int kLargestAnswer = 256 << 20;  // a node's chains, each with all its processes
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  const int owned_by_channel = fcntl(fd->get(), F_DUPFD_CLOEXEC, 0);
  if (owned_by_channel < 0) return Error::FromErrno("duplicate the socket", errno);
  auto channel = grpc::CreateCustomInsecureChannelFromFd("nestord", owned_by_channel, arguments);
  return Client(v1::Nestor::NewStub(channel), socket, stopper);
}

Error Client::ToError(const grpc::Status& status) const {
  const auto code = static_cast<ErrorCode>(status.error_code());
  switch (code) {
    case ErrorCode::kCancelled:
      if (stopper_->stopped()) return {code, "interrupted"};
      break;
    case ErrorCode::kDeadlineExceeded:
      return {code, "nestord did not answer in time"};
    case ErrorCode::kUnavailable:
      return {code, "nestord at " + socket_ + " is not available: " + status.error_message()};
    case ErrorCode::kUnimplemented:
      return {code, "nestord at " + socket_ + " does not know this request"};
    default:
      break;
  }
  return {code, status.error_message()};
}

template <typename Response>
Result<Response> Client::Ask(
    std::chrono::milliseconds timeout,
    const std::function<grpc::Status(grpc::ClientContext*, Response*)>& call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  const Stopper::Scope scope(*stopper_, context);
  Response response;
  if (const grpc::Status status = call(&context, &response); !status.ok()) return ToError(status);
  return response;
}

Result<v1::ListChainsResponse> Client::ListChains(const v1::ListChainsRequest& request) {
  return Ask<v1::ListChainsResponse>(kPatience, [&](grpc::ClientContext* context, auto* response) {
    return stub_->ListChains(context, request, response);
  });
}

Result<v1::Chain> Client::GetChain(const v1::GetChainRequest& request) {
  return Ask<v1::Chain>(kPatience, [&](grpc::ClientContext* context, auto* response) {
    return stub_->GetChain(context, request, response);
  });
}

Result<v1::ListAgentsResponse> Client::ListAgents(const v1::ListAgentsRequest& request) {
  return Ask<v1::ListAgentsResponse>(kPatience, [&](grpc::ClientContext* context, auto* response) {
    return stub_->ListAgents(context, request, response);
  });
}

Result<v1::ExplainResponse> Client::Explain(const v1::ExplainRequest& request) {
  return Ask<v1::ExplainResponse>(kPatience, [&](grpc::ClientContext* context, auto* response) {
    return stub_->Explain(context, request, response);
  });
}

Result<v1::Status> Client::GetStatus(std::chrono::milliseconds timeout) {
  return Ask<v1::Status>(timeout, [&](grpc::ClientContext* context, auto* response) {
    return stub_->GetStatus(context, {}, response);
  });
}

Status Client::StreamEvents(const v1::StreamEventsRequest& request,
                            const std::function<Status(const v1::Event&)>& each) {
  grpc::ClientContext context;
  const Stopper::Scope scope(*stopper_, context);
  const auto reader = stub_->StreamEvents(&context, request);
  v1::EventBatch batch;
  Status result;
  while (result.ok() && reader->Read(&batch)) {
    for (v1::Event& event : *batch.mutable_events()) {
      event.set_node(batch.node());
      event.set_boot_id(batch.boot_id());
      if (result.ok()) result = each(event);
    }
  }
  if (!result.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!result.ok() || status.ok() || stopper_->stopped()) return result;
  return ToError(status);
}

Status Client::WatchChains(const v1::WatchChainsRequest& request,
                           const std::function<Status(const v1::ListChainsResponse*)>& each) {
  constexpr std::chrono::seconds kTick(1);
  grpc::ClientContext context;
  const Stopper::Scope scope(*stopper_, context);
  grpc::CompletionQueue queue;
  const auto reader = stub_->AsyncWatchChains(&context, request, &queue, nullptr);
  v1::ListChainsResponse response;
  Status result;
  void* tag = nullptr;
  bool ok = false;
  bool started = false;
  while (true) {
    const auto next = queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kTick);
    if (next == grpc::CompletionQueue::TIMEOUT) {
      if (result.ok() && started) result = each(nullptr);
      if (!result.ok()) context.TryCancel();
      continue;
    }
    if (next == grpc::CompletionQueue::SHUTDOWN || !ok) break;
    if (started && result.ok()) result = each(&response);
    started = true;
    if (!result.ok()) context.TryCancel();
    reader->Read(&response, nullptr);
  }
  grpc::Status status;
  reader->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (!result.ok() || status.ok() || stopper_->stopped()) return result;
  return ToError(status);
}

std::string AdviceFor(const Error& error, const std::string& socket) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return "is nestord running? try: systemctl start nestord, or as root: nestord &";
    case ErrorCode::kPermissionDenied: {
      const std::string group = GroupOf(socket);
      return "run as root or be in the socket's group" + (group.empty() ? "" : " (" + group + ")");
    }
    case ErrorCode::kUnimplemented:
      return "nestorctl and nestord should be of the same version";
    case ErrorCode::kDeadlineExceeded:
      return "is the node overloaded? try: nestorctl status";
    default:
      return "";
  }
}

}  // namespace nestor::ctl
