// SPDX-License-Identifier: Apache-2.0
#include "agent/api/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <chrono>
#include <utility>

namespace nestor {
namespace {

// Threads beside those of the streams: calls that are answered at once, refusals, gRPC's pollers.
constexpr uint32_t kCallThreads = 16;
// A filter of the largest size fits.
constexpr int kLargestRequestBytes = 1 << 20;
constexpr std::chrono::milliseconds kStopGrace{1500};

void Configure(grpc::ServerBuilder& builder, uint32_t max_streams) {
  using Sync = grpc::ServerBuilder::SyncServerOption;
  builder.SetSyncServerOption(Sync::NUM_CQS, 1);
  builder.SetSyncServerOption(Sync::MIN_POLLERS, 1);
  builder.SetSyncServerOption(Sync::MAX_POLLERS, 2);
  grpc::ResourceQuota quota("nestor-api");
  quota.SetMaxThreads(static_cast<int>(max_streams + kCallThreads));
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kLargestRequestBytes);
  // Above the limit of streams, so that one too many is refused with a reason and not kept waiting.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(max_streams + kCallThreads));
}

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::Start(const ApiOptions& options, Node& node) {
  Result<SocketPath> path = SocketPath::Claim(options.socket_path);
  if (!path) return path.error().In("serve the API");
  const std::string address = "unix:" + path->private_path();
  std::unique_ptr<ApiServer> server(new ApiServer(std::move(*path), node, options.max_streams));

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Configure(builder, options.max_streams);
  builder.RegisterService(&server->service_);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  server->server_ = builder.BuildAndStart();
  if (!server->server_) {
    return Error::Internal("serve the API: gRPC cannot listen for " + options.socket_path);
  }
  server->SetServing(false);
  if (Status published = server->path_.Publish(options.mode); !published) {
    return published.error().In("serve the API");
  }
  return server;
}

ApiServer::ApiServer(SocketPath path, Node& node, uint32_t max_streams)
    : path_(std::move(path)), service_(node, max_streams) {}

ApiServer::~ApiServer() { Stop(); }

void ApiServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(v1::Nestor::service_full_name(), serving);
}

void ApiServer::Stop() {
  path_.Remove();
  if (!server_ || std::exchange(stopped_, true)) return;
  service_.Stop();
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
  server_->Wait();
}

}  // namespace nestor
