// SPDX-License-Identifier: Apache-2.0
#include "agent/api/service.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/api/chain_watch.h"
#include "agent/api/convert.h"
#include "agent/api/event_stream.h"
#include "agent/api/filter.h"
#include "agent/api/grpc_status.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWatchInterval{250};
constexpr milliseconds kShortestInterval{50};
constexpr milliseconds kLongestInterval{60'000};
constexpr milliseconds kLongestSleep{200};
constexpr size_t kCandidatesNamed = 8;

Result<milliseconds> IntervalOf(const v1::WatchChainsRequest& request) {
  const milliseconds asked{request.interval_ms()};
  if (asked == milliseconds{0}) return kWatchInterval;
  if (asked < kShortestInterval || asked > kLongestInterval) {
    return Error::InvalidArgument("interval_ms " + std::to_string(asked.count()) +
                                  " is not within 50..60000");
  }
  return asked;
}

// "chain id `71c2` is ambiguous: 71c2..., 71c2... and 3 more"
Error Ambiguous(const std::string& id, const std::vector<ChainInfo>& chains,
                const std::vector<size_t>& found) {
  std::string message = "chain id `" + id + "` is ambiguous: ";
  const size_t named = std::min(found.size(), kCandidatesNamed);
  for (size_t i = 0; i < named; ++i) {
    message += (i == 0 ? "" : ", ") + HopIdToString(chains[found[i]].id);
  }
  if (found.size() > named) message += " and " + std::to_string(found.size() - named) + " more";
  return Error::FailedPrecondition(std::move(message));
}

// The one chain whose id begins so.
Result<size_t> FindChain(const std::string& id, const std::vector<ChainInfo>& chains) {
  const Result<ChainIdPrefix> prefix = ChainIdPrefix::Parse(id);
  if (!prefix) return prefix.error();
  std::vector<size_t> found;
  for (size_t index = 0; index < chains.size(); ++index) {
    if (prefix->Matches(chains[index].id)) found.push_back(index);
  }
  if (found.empty()) {
    return Error::NotFound("no chain " + id + "; it may have ended and been forgotten");
  }
  if (found.size() > 1) return Ambiguous(id, chains, found);
  return found.front();
}

}  // namespace

grpc::Status NestorService::StreamEvents(grpc::ServerContext* context,
                                         const v1::StreamEventsRequest* request,
                                         grpc::ServerWriter<v1::EventBatch>* writer) {
  const Result<Filter> filter = Filter::Create(request->filter());
  if (!filter) return ToGrpc(filter.error());
  const Result<StreamLimit::Slot> slot = streams_.Take();
  if (!slot) return ToGrpc(slot.error());
  const NodeStatus status = node_.GetStatus();
  const Result<EventRange> range = RangeOf(*request, *filter, node_.events());
  if (!range) return ToGrpc(range.error());

  writer->SendInitialMetadata();
  EventStream stream(node_.events(), *filter, {.node = status.node, .boot_id = status.boot_id},
                     *writer, {.missed = missed_events_});
  return stream.Run(*range, *context, stopping_);
}

grpc::Status NestorService::ListChains(grpc::ServerContext* /*context*/,
                                       const v1::ListChainsRequest* request,
                                       v1::ListChainsResponse* response) {
  const Result<Filter> filter = Filter::Create(request->filter());
  if (!filter) return ToGrpc(filter.error());
  const auto chains = node_.Chains(request->include_ended());
  if (!chains) return ToGrpc(chains.error());

  for (size_t index = 0; index < (*chains)->size(); ++index) {
    if (filter->Matches((**chains)[index])) ToProto(*chains, index, response->add_chains());
  }
  return grpc::Status::OK;
}

grpc::Status NestorService::GetChain(grpc::ServerContext* /*context*/,
                                     const v1::GetChainRequest* request, v1::Chain* response) {
  if (const auto prefix = ChainIdPrefix::Parse(request->id()); !prefix) {
    return ToGrpc(prefix.error());  // before the pipeline is asked to copy every chain
  }
  const auto chains = node_.Chains(/*include_ended=*/true);
  if (!chains) return ToGrpc(chains.error());
  const Result<size_t> found = FindChain(request->id(), **chains);
  if (!found) return ToGrpc(found.error());

  ToProto(*chains, *found, response);
  return grpc::Status::OK;
}

grpc::Status NestorService::WatchChains(grpc::ServerContext* context,
                                        const v1::WatchChainsRequest* request,
                                        grpc::ServerWriter<v1::ListChainsResponse>* writer) {
  const Result<Filter> filter = Filter::Create(request->filter());
  if (!filter) return ToGrpc(filter.error());
  const Result<milliseconds> interval = IntervalOf(*request);
  if (!interval) return ToGrpc(interval.error());
  const Result<StreamLimit::Slot> slot = streams_.Take();
  if (!slot) return ToGrpc(slot.error());

  ChainWatch watch(*filter, request->include_ended());
  const auto send = [writer](const v1::ListChainsResponse& message) {
    return writer->Write(message);
  };
  uint64_t seen_seq = UINT64_MAX;
  do {
    // Chains change with events only; read before the chains, so that none is overlooked.
    const uint64_t last_seq = node_.events().last_seq();
    if (last_seq == seen_seq) continue;
    seen_seq = last_seq;
    // Ended ones too: the watcher is told of the end of what it knows.
    const auto chains = node_.Chains(/*include_ended=*/true);
    if (!chains) return ToGrpc(chains.error());
    if (!watch.Tell(*chains, send)) break;
  } while (Sleep(*interval, *context));
  if (stopping_) return {grpc::StatusCode::UNAVAILABLE, "nestord is stopping"};
  return {grpc::StatusCode::CANCELLED, "the client is gone"};
}

bool NestorService::Sleep(milliseconds time, const grpc::ServerContext& context) const {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!stopping_ && !context.IsCancelled()) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= milliseconds{0}) return true;
    std::this_thread::sleep_for(std::min(left, kLongestSleep));
  }
  return false;
}

grpc::Status NestorService::Explain(grpc::ServerContext* /*context*/,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) {
  if (request->pid() == 0) return ToGrpc(Error::InvalidArgument("pid must not be 0"));
  const auto chain = node_.Explain(request->pid());
  if (!chain) return ToGrpc(chain.error());

  ToProto(*chain, response->mutable_chain());
  if (response->chain().processes().empty()) {
    return ToGrpc(Error::Internal("the chain of pid " + std::to_string(request->pid()) +
                                  " came without the process itself"));
  }
  *response->mutable_process() = *response->chain().processes().rbegin();
  return grpc::Status::OK;
}

grpc::Status NestorService::ListAgents(grpc::ServerContext* /*context*/,
                                       const v1::ListAgentsRequest* request,
                                       v1::ListAgentsResponse* response) {
  const Result<Filter> filter = Filter::Create(request->filter());
  if (!filter) return ToGrpc(filter.error());
  const auto agents = node_.Agents(request->include_ended());
  if (!agents) return ToGrpc(agents.error());

  for (size_t index = 0; index < (*agents)->size(); ++index) {
    if (filter->Matches((**agents)[index])) ToProto(*agents, index, response->add_agents());
  }
  return grpc::Status::OK;
}

grpc::Status NestorService::GetStatus(grpc::ServerContext* /*context*/,
                                      const v1::GetStatusRequest* /*request*/,
                                      v1::Status* response) {
  NodeStatus status = node_.GetStatus();
  status.counters.emplace_back("api-streams", streams_.open());
  status.counters.emplace_back("api-streams-refused", streams_.refused());
  status.counters.emplace_back("api-events-missed", missed_events_);
  ToProto(status, response);
  return grpc::Status::OK;
}

}  // namespace nestor
