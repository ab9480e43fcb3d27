// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_CLIENT_H_
#define NESTOR_TOOLS_NESTORCTL_CLIENT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "agent/base/result.h"
#include "nestor/v1/nestor.grpc.pb.h"
#include "tools/nestorctl/stopper.h"

namespace nestor::ctl {

inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(10);
inline constexpr const char* kDefaultSocket = "/run/nestor/nestord.sock";

// One connection to nestord. Thread: one at a time.
class Client {
 public:
  // kUnavailable: no socket or nobody listens; kPermissionDenied: not for this user.
  static Result<Client> Connect(const std::string& socket, Stopper& stopper);

  // Each waits kPatience at most.
  Result<v1::ListChainsResponse> ListChains(const v1::ListChainsRequest& request);
  Result<v1::Chain> GetChain(const v1::GetChainRequest& request);
  Result<v1::ListAgentsResponse> ListAgents(const v1::ListAgentsRequest& request);
  Result<v1::ExplainResponse> Explain(const v1::ExplainRequest& request);
  Result<v1::Status> GetStatus(std::chrono::milliseconds timeout = kPatience);

  // Calls `each` until the stream ends, a stop comes or `each` fails. A stop is success.
  Status StreamEvents(const v1::StreamEventsRequest& request,
                      const std::function<Status(const v1::Event&)>& each);

  // Calls `each` with every answer, and with nullptr when a second has passed without one.
  Status WatchChains(const v1::WatchChainsRequest& request,
                     const std::function<Status(const v1::ListChainsResponse*)>& each);

 private:
  Client(std::unique_ptr<v1::Nestor::Stub> stub, std::string socket, Stopper& stopper)
      : stub_(std::move(stub)), socket_(std::move(socket)), stopper_(&stopper) {}

  template <typename Response>
  Result<Response> Ask(std::chrono::milliseconds timeout,
                       const std::function<grpc::Status(grpc::ClientContext*, Response*)>& call);
  Error ToError(const grpc::Status& status) const;

  std::unique_ptr<v1::Nestor::Stub> stub_;
  std::string socket_;
  Stopper* stopper_;
};

// What to do next about an error of Client, "" when there is nothing to say.
std::string AdviceFor(const Error& error, const std::string& socket);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_CLIENT_H_
