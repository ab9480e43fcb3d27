// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_SERVICE_H_
#define NESTOR_AGENT_API_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "agent/api/node.h"
#include "agent/api/stream_limit.h"
#include "nestor/v1/nestor.grpc.pb.h"

namespace nestor {

// The methods of nestor.v1.Nestor; see proto/nestor/v1/nestor.proto for what each promises. A
// stream sends its initial metadata when its place in the log is settled: what happens after a
// client has that is in its stream. Thread: any; each call holds one.
class NestorService final : public v1::Nestor::Service {
 public:
  // `node` must outlive the service.
  NestorService(Node& node, uint32_t max_streams) : node_(node), streams_(max_streams) {}

  // Lets every stream end by itself within 250 ms, if its client reads. New streams end at once.
  void Stop() { stopping_ = true; }

  grpc::Status StreamEvents(grpc::ServerContext* context, const v1::StreamEventsRequest* request,
                            grpc::ServerWriter<v1::EventBatch>* writer) override;
  grpc::Status ListChains(grpc::ServerContext* context, const v1::ListChainsRequest* request,
                          v1::ListChainsResponse* response) override;
  grpc::Status GetChain(grpc::ServerContext* context, const v1::GetChainRequest* request,
                        v1::Chain* response) override;
  grpc::Status WatchChains(grpc::ServerContext* context, const v1::WatchChainsRequest* request,
                           grpc::ServerWriter<v1::ListChainsResponse>* writer) override;
  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override;
  grpc::Status ListAgents(grpc::ServerContext* context, const v1::ListAgentsRequest* request,
                          v1::ListAgentsResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::Status* response) override;

 private:
  // False when the call has ended or the server is stopping.
  bool Sleep(std::chrono::milliseconds time, const grpc::ServerContext& context) const;

  Node& node_;
  StreamLimit streams_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> missed_events_ = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_SERVICE_H_
