// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_SERVER_H_
#define NESTOR_AGENT_API_SERVER_H_

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "agent/api/api_options.h"
#include "agent/api/node.h"
#include "agent/api/service.h"
#include "agent/api/socket_path.h"
#include "agent/base/result.h"

namespace nestor {

// Serves nestor.v1.Nestor, grpc.health.v1.Health and server reflection on a unix socket, nowhere
// else. Who may use it is said by the mode of the socket and of its directory alone: gRPC does not
// show the peer's credentials, so every one who can connect can read everything.
class ApiServer {
 public:
  // Clients can connect when this returns; health says NOT_SERVING until SetServing(true). `node`
  // must outlive the server. Errors: see SocketPath::Claim; kInternal when gRPC does not listen.
  static Result<std::unique_ptr<ApiServer>> Start(const ApiOptions& options, Node& node);
  ~ApiServer();

  // What health answers, for "" and for "nestor.v1.Nestor". Thread: any.
  void SetServing(bool serving);

  // Removes the socket and ends all streams within 2 s: what the log still has is sent to those who
  // read, the rest is cut off. A call that waits for the node ends when the node answers. For a
  // stream that ends with OK, close the log first. Idempotent. Thread: one at a time.
  void Stop();

 private:
  ApiServer(SocketPath path, Node& node, uint32_t max_streams);

  SocketPath path_;
  NestorService service_;
  std::unique_ptr<grpc::Server> server_;
  bool stopped_ = false;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_SERVER_H_
