// SPDX-License-Identifier: Apache-2.0
// Real calls over a real socket; each has a deadline, so that what hangs fails.
#include "agent/api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nestor/v1/nestor.grpc.pb.h"
#include "tests/unit/api/fake_node.h"
#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A context of one call.
class Call {
 public:
  Call() { context_.set_deadline(std::chrono::system_clock::now() + 20s); }
  grpc::ClientContext* operator&() { return &context_; }
  grpc::ClientContext* operator->() { return &context_; }

 private:
  grpc::ClientContext context_;
};

// A stream of events that the server has placed in its log already.
class EventReader {
 public:
  EventReader(v1::Nestor::Stub& stub, const v1::StreamEventsRequest& request)
      : reader_(stub.StreamEvents(&call_, request)) {
    reader_->WaitForInitialMetadata();
  }

  // The next event; an empty one at the end.
  v1::Event Next() {
    if (next_ >= batch_.events_size()) {
      batch_.Clear();
      next_ = 0;
      if (!reader_->Read(&batch_) || batch_.events().empty()) return {};
    }
    v1::Event event = batch_.events(next_++);
    event.set_node(batch_.node());
    event.set_boot_id(batch_.boot_id());
    return event;
  }
  std::vector<uint64_t> Seqs() {
    std::vector<uint64_t> seqs;
    for (v1::Event event = Next(); !event.type().empty(); event = Next()) {
      seqs.push_back(event.seq());
    }
    return seqs;
  }
  void Cancel() { call_->TryCancel(); }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  Call call_;
  std::unique_ptr<grpc::ClientReader<v1::EventBatch>> reader_;
  v1::EventBatch batch_;
  int next_ = 0;
};

class ApiServerTest : public ::testing::Test {
 protected:
  explicit ApiServerTest(EventLogOptions options = {}, uint32_t max_streams = 4)
      : node_(options),
        options_{.socket_path = temp_.path() + "/run/nestord.sock", .max_streams = max_streams} {
    Result<std::unique_ptr<ApiServer>> started = ApiServer::Start(options_, node_);
    if (!started) {
      ADD_FAILURE() << started.error().message;
      return;
    }
    server_ = std::move(*started);
    channel_ =
        grpc::CreateChannel("unix:" + options_.socket_path, grpc::InsecureChannelCredentials());
    stub_ = v1::Nestor::NewStub(channel_);
  }

  grpc::Status ListChains(const v1::ListChainsRequest& request, v1::ListChainsResponse* response) {
    Call call;
    return stub_->ListChains(&call, request, response);
  }
  grpc::Status GetChain(const std::string& id, v1::Chain* response) {
    Call call;
    v1::GetChainRequest request;
    request.set_id(id);
    return stub_->GetChain(&call, request, response);
  }
  uint64_t CounterNow(std::string_view name) {
    Call call;
    v1::Status status;
    EXPECT_TRUE(stub_->GetStatus(&call, {}, &status).ok());
    for (const v1::Counter& counter : status.counters()) {
      if (counter.name() == name) return counter.value();
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }

  TempDir temp_;
  FakeNode node_;
  ApiOptions options_;
  std::unique_ptr<ApiServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Nestor::Stub> stub_;
};

v1::StreamEventsRequest Follow() {
  v1::StreamEventsRequest request;
  request.set_follow(true);
  return request;
}

TEST_F(ApiServerTest, TheKeptPastIsSentAndTheStreamEnds) {
  node_.Append(3);

  EventReader reader(*stub_, {});

  EXPECT_THAT(reader.Seqs(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST_F(ApiServerTest, AnEmptyPastIsNoError) {
  EventReader reader(*stub_, {});

  EXPECT_THAT(reader.Seqs(), IsEmpty());
  EXPECT_TRUE(reader.Finish().ok());
}

TEST_F(ApiServerTest, APastOfManyBatchesComesWhole) {
  node_.Append(1000);

  EventReader reader(*stub_, {});

  EXPECT_EQ(reader.Seqs().size(), 1000u);
}

TEST_F(ApiServerTest, EachEventNamesItsNode) {
  node_.Append(1);
  EventReader reader(*stub_, {});

  const v1::Event event = reader.Next();

  EXPECT_EQ(event.node(), "node-a");
  EXPECT_EQ(event.boot_id(), "boot-1");
  EXPECT_EQ(event.process().exe(), "/bin/sh");
}

TEST_F(ApiServerTest, FollowBeginsNow) {
  node_.Append(3);
  EventReader reader(*stub_, Follow());

  node_.Append(2);

  EXPECT_EQ(reader.Next().seq(), 4u);
  EXPECT_EQ(reader.Next().seq(), 5u);
}

TEST_F(ApiServerTest, FromSeqAndFollowGiveThePastAndWhatComesWithoutAGap) {
  node_.Append(3);
  v1::StreamEventsRequest request = Follow();
  request.set_from_seq(2);
  EventReader reader(*stub_, request);

  node_.Append(1);

  EXPECT_EQ(reader.Next().seq(), 2u);
  EXPECT_EQ(reader.Next().seq(), 3u);
  EXPECT_EQ(reader.Next().seq(), 4u);
}

TEST_F(ApiServerTest, FollowWithSinceBeginsInThePast) {
  node_.Append(3);
  v1::StreamEventsRequest request = Follow();
  request.mutable_filter()->mutable_since()->set_seconds(2);
  EventReader reader(*stub_, request);

  EXPECT_EQ(reader.Next().seq(), 2u);
}

TEST_F(ApiServerTest, TheNextSeqCanBeAskedForBeforeItCame) {
  node_.Append(3);
  v1::StreamEventsRequest request = Follow();
  request.set_from_seq(4);
  EventReader reader(*stub_, request);

  node_.Append(1);

  EXPECT_EQ(reader.Next().seq(), 4u);
}

TEST_F(ApiServerTest, APositionOfAnotherStartIsRefused) {
  node_.Append(3);
  v1::StreamEventsRequest request;
  request.set_from_seq(5);
  EventReader reader(*stub_, request);

  const grpc::Status status = reader.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(status.error_message(), HasSubstr("past the newest event, 3"));
}

TEST_F(ApiServerTest, TheFilterIsAppliedOnTheNode) {
  node_.Append(2, "web");
  node_.Append(1, "db");
  node_.Append(1, "web");
  v1::StreamEventsRequest request;
  request.mutable_filter()->add_pods("web");

  EventReader reader(*stub_, request);

  EXPECT_THAT(reader.Seqs(), ElementsAre(1, 2, 4));
}

TEST_F(ApiServerTest, WhatAReaderOfEverythingHasIsSettled) {
  node_.Append(2, "web");
  node_.Append(1, "db");

  EventReader reader(*stub_, {});
  EXPECT_EQ(reader.Seqs().size(), 3u);
  ASSERT_TRUE(reader.Finish().ok());
  EXPECT_EQ(node_.events().settled(), 3u);
}

TEST_F(ApiServerTest, AFilteredReaderSettlesNothing) {
  node_.Append(2, "web");
  node_.Append(1, "db");
  v1::StreamEventsRequest request;
  request.mutable_filter()->add_pods("web");

  EventReader reader(*stub_, request);
  EXPECT_EQ(reader.Seqs().size(), 2u);
  ASSERT_TRUE(reader.Finish().ok());
  EXPECT_EQ(node_.events().settled(), 0u) << "nobody has what was about db";
}

TEST_F(ApiServerTest, AWrongFilterIsRefused) {
  v1::StreamEventsRequest request;
  request.mutable_filter()->add_types("exce");
  EventReader reader(*stub_, request);

  const grpc::Status status = reader.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("did you mean `exec`?"));
}

TEST_F(ApiServerTest, AClosedLogEndsFollowersOnceTheyHaveAll) {
  node_.Append(2);
  v1::StreamEventsRequest request = Follow();
  request.set_from_seq(1);
  EventReader reader(*stub_, request);

  node_.CloseLog();

  EXPECT_THAT(reader.Seqs(), ElementsAre(1, 2));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST_F(ApiServerTest, StopEndsAnIdleFollower) {
  EventReader reader(*stub_, Follow());
  const auto begin = std::chrono::steady_clock::now();

  server_->Stop();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_THAT(reader.Seqs(), IsEmpty());
  EXPECT_EQ(reader.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ApiServerTest, StopEndsAReaderThatDoesNotRead) {
  node_.Append(1000, "web", 100'000);
  EventReader reader(*stub_, {});
  const auto begin = std::chrono::steady_clock::now();

  server_->Stop();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(ApiServerTest, StopEndsAWatcherOfALongInterval) {
  Call call;
  v1::WatchChainsRequest request;
  request.set_interval_ms(60'000);
  const auto watcher = stub_->WatchChains(&call, request);
  v1::ListChainsResponse first;
  ASSERT_TRUE(watcher->Read(&first));
  const auto begin = std::chrono::steady_clock::now();

  server_->Stop();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(watcher->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

class SmallLogTest : public ApiServerTest {
 protected:
  SmallLogTest() : ApiServerTest({.max_events = 10}) {}
};

TEST_F(SmallLogTest, WhatIsNoLongerKeptIsToldByALoss) {
  node_.Append(25);
  v1::StreamEventsRequest request;
  request.set_from_seq(3);
  EventReader reader(*stub_, request);

  const v1::Event loss = reader.Next();

  EXPECT_EQ(loss.seq(), 0u);
  EXPECT_EQ(loss.type(), "loss");
  EXPECT_EQ(loss.loss().where(), "event-log");
  EXPECT_EQ(loss.loss().count(), 13u);
  EXPECT_EQ(loss.node(), "node-a");
  EXPECT_EQ(reader.Next().seq(), 16u);
  EXPECT_EQ(CounterNow("api-events-missed"), 13u);
}

TEST_F(SmallLogTest, ALossOfTheLogPassesEveryFilter) {
  node_.Append(25);
  v1::StreamEventsRequest request;
  request.set_from_seq(1);
  request.mutable_filter()->add_types("exit");
  EventReader reader(*stub_, request);

  EXPECT_EQ(reader.Next().loss().count(), 15u);
}

TEST_F(SmallLogTest, TheOldestKeptIsNoLossWhenNoSeqIsAskedFor) {
  node_.Append(25);
  EventReader reader(*stub_, {});

  EXPECT_EQ(reader.Next().seq(), 16u);
}

TEST_F(SmallLogTest, ASlowReaderIsToldExactlyWhatItMissed) {
  v1::StreamEventsRequest request = Follow();
  EventReader reader(*stub_, request);
  node_.Append(2000, "web", 20'000);  // more than the connection holds
  uint64_t missed = 0;
  uint64_t next = 1;

  while (next <= 2000) {
    const v1::Event event = reader.Next();
    ASSERT_EQ(event.seq(), event.has_loss() ? 0 : next);
    missed += event.loss().count();
    next += event.has_loss() ? event.loss().count() : 1;
  }

  EXPECT_EQ(next, 2001u);
  EXPECT_GT(missed, 0u);
}

class OneStreamTest : public ApiServerTest {
 protected:
  OneStreamTest() : ApiServerTest({}, 1) {}
};

TEST_F(OneStreamTest, OneStreamTooManyIsRefusedWithTheReason) {
  EventReader first(*stub_, Follow());
  EventReader second(*stub_, Follow());

  const grpc::Status status = second.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("all 1 streams"));
  EXPECT_EQ(CounterNow("api-streams-refused"), 1u);
}

TEST_F(OneStreamTest, ACancelledStreamGivesItsPlaceBack) {
  EventReader first(*stub_, Follow());
  first.Cancel();
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (CounterNow("api-streams") > 0 && std::chrono::steady_clock::now() < deadline) {
  }

  EventReader second(*stub_, Follow());
  node_.Append(1);

  EXPECT_EQ(second.Next().seq(), 1u);
  EXPECT_EQ(first.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ApiServerTest, ChainsAreListedByTheFilter) {
  node_.SetChains({SampleChain(0x1111000000000000), SampleChain(0x2222000000000000)});
  v1::ListChainsRequest request;
  request.mutable_filter()->add_chain_ids("2222");
  v1::ListChainsResponse response;

  ASSERT_TRUE(ListChains(request, &response).ok());

  ASSERT_EQ(response.chains_size(), 1);
  EXPECT_EQ(response.chains(0).id(), "2222000000000000");
}

TEST_F(ApiServerTest, EndedAgentsAreListedOnlyOnRequest) {
  v1::ListAgentsRequest with_ended;
  with_ended.set_include_ended(true);
  v1::ListAgentsResponse living, all;
  Call first, second;

  ASSERT_TRUE(stub_->ListAgents(&first, {}, &living).ok());
  ASSERT_TRUE(stub_->ListAgents(&second, with_ended, &all).ok());

  EXPECT_EQ(living.agents_size(), 1);
  EXPECT_EQ(all.agents_size(), 2);
}

TEST_F(ApiServerTest, EndedChainsAreListedWhenAskedFor) {
  ChainInfo ended = SampleChain();
  ended.alive = false;
  node_.SetChains({ended});
  v1::ListChainsRequest with_ended;
  with_ended.set_include_ended(true);
  v1::ListChainsResponse living, all;

  ASSERT_TRUE(ListChains({}, &living).ok());
  ASSERT_TRUE(ListChains(with_ended, &all).ok());

  EXPECT_EQ(living.chains_size(), 0);
  EXPECT_EQ(all.chains_size(), 1);
}

TEST_F(ApiServerTest, TheErrorOfTheNodeComesThrough) {
  node_.Fail({ErrorCode::kUnavailable, "the pipeline does not answer"});
  v1::ListChainsResponse response;

  const grpc::Status status = ListChains({}, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the pipeline does not answer");
}

TEST_F(ApiServerTest, AChainIsFoundByThePrefixOfItsId) {
  node_.SetChains({SampleChain(0x1111000000000000), SampleChain(0x2222000000000000)});
  v1::Chain chain;

  ASSERT_TRUE(GetChain("2222", &chain).ok());

  EXPECT_EQ(chain.id(), "2222000000000000");
}

TEST_F(ApiServerTest, AnAmbiguousPrefixIsRefusedWithTheCandidates) {
  node_.SetChains({SampleChain(0x1111000000000001), SampleChain(0x1111000000000002)});
  v1::Chain chain;

  const grpc::Status status = GetChain("1111", &chain);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("1111000000000001, 1111000000000002"),
                                            HasSubstr("`1111` is ambiguous")));
}

TEST_F(ApiServerTest, OfManyCandidatesSomeAreNamedAndTheRestCounted) {
  std::vector<ChainInfo> chains;
  for (HopId low = 1; low <= 10; ++low) chains.push_back(SampleChain(0x1111000000000000 + low));
  node_.SetChains(std::move(chains));
  v1::Chain chain;

  EXPECT_THAT(GetChain("1111", &chain).error_message(), HasSubstr("1111000000000008 and 2 more"));
}

TEST_F(ApiServerTest, AnUnknownChainIsNotFound) {
  v1::Chain chain;

  EXPECT_EQ(GetChain("1111", &chain).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(GetChain("111", &chain).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ApiServerTest, AWatcherIsToldWhatChangedAndNothingElse) {
  node_.SetChains({SampleChain(1), SampleChain(2)});
  Call call;
  v1::WatchChainsRequest request;
  request.set_interval_ms(50);
  const auto watcher = stub_->WatchChains(&call, request);
  v1::ListChainsResponse all, changed;
  ASSERT_TRUE(watcher->Read(&all));

  node_.SetChains({SampleChain(1), SampleChain(2, "other")});
  node_.Append(1);

  ASSERT_TRUE(watcher->Read(&changed));
  EXPECT_EQ(all.chains_size(), 2);
  ASSERT_EQ(changed.chains_size(), 1);
  EXPECT_EQ(changed.chains(0).id(), "0000000000000002");
}

TEST_F(ApiServerTest, AnIntervalOutOfItsBoundsIsRefused) {
  Call call;
  v1::WatchChainsRequest request;
  request.set_interval_ms(49);

  const grpc::Status status = stub_->WatchChains(&call, request)->Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "interval_ms 49 is not within 50..60000");
}

TEST_F(ApiServerTest, ExplainGivesTheChainAndTheProcess) {
  Call call;
  v1::ExplainRequest request;
  request.set_pid(42);
  v1::ExplainResponse response;

  ASSERT_TRUE(stub_->Explain(&call, request, &response).ok());

  EXPECT_EQ(response.chain().id(), "71c2000000000001");
  EXPECT_EQ(response.process().process().pid(), 42u);
}

TEST_F(ApiServerTest, ExplainOfNoProcessIsRefused) {
  Call zero, unknown;
  v1::ExplainRequest request;
  v1::ExplainResponse response;

  EXPECT_EQ(stub_->Explain(&zero, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_pid(7);
  EXPECT_EQ(stub_->Explain(&unknown, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ApiServerTest, TheStatusIsTheNodes) {
  node_.Append(3);
  Call call;
  v1::Status status;

  ASSERT_TRUE(stub_->GetStatus(&call, {}, &status).ok());

  EXPECT_TRUE(status.ready());
  EXPECT_EQ(status.node(), "node-a");
  EXPECT_EQ(status.last_seq(), 3u);
  EXPECT_EQ(status.version(), NESTOR_VERSION);
}

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string Text(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return "";
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// gRPC calls by name and bytes: the messages of these services have no header on Debian 12.
class PublicServicesTest : public ApiServerTest {
 protected:
  // The bytes of grpc.health.v1.HealthCheckResponse for a service.
  std::string HealthOf(const std::string& service) {
    Call call;
    const std::string request = "\x0a"s + static_cast<char>(service.size()) + service;
    const auto reader =
        generic_.PrepareUnaryCall(&call, "/grpc.health.v1.Health/Check", Bytes(request), &queue_);
    grpc::ByteBuffer response;
    grpc::Status status;
    reader->StartCall();
    reader->Finish(&response, &status, nullptr);
    Wait();
    return status.ok() ? Text(response) : status.error_message();
  }

  // The bytes of the ServerReflectionResponse to list_services.
  std::string ReflectedServices() {
    Call call;
    const auto stream = generic_.PrepareCall(
        &call, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue_);
    grpc::ByteBuffer response;
    grpc::Status status;
    stream->StartCall(nullptr);
    Wait();
    stream->Write(Bytes("\x3a\0"s), nullptr);
    Wait();
    stream->Read(&response, nullptr);
    Wait();
    stream->WritesDone(nullptr);
    Wait();
    stream->Finish(&status, nullptr);
    Wait();
    EXPECT_TRUE(status.ok());
    return Text(response);
  }

 private:
  void Wait() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok) && ok);
  }

  grpc::GenericStub generic_{channel_};
  grpc::CompletionQueue queue_;
};

const std::string kServing = "\x08\x01";
const std::string kNotServing = "\x08\x02";

TEST_F(PublicServicesTest, HealthSaysNotServingUntilTheNodeIsReady) {
  EXPECT_EQ(HealthOf(""), kNotServing);
  EXPECT_EQ(HealthOf("nestor.v1.Nestor"), kNotServing);
}

TEST_F(PublicServicesTest, HealthFollowsTheNode) {
  server_->SetServing(true);
  EXPECT_EQ(HealthOf(""), kServing);
  EXPECT_EQ(HealthOf("nestor.v1.Nestor"), kServing);

  server_->SetServing(false);
  EXPECT_EQ(HealthOf(""), kNotServing);
}

TEST_F(PublicServicesTest, ReflectionNamesOurService) {
  EXPECT_THAT(ReflectedServices(),
              AllOf(HasSubstr("nestor.v1.Nestor"), HasSubstr("grpc.health.v1.Health")));
}

TEST_F(ApiServerTest, TheSocketIsTheOwnersAlone) {
  struct stat found{};

  ASSERT_EQ(stat(options_.socket_path.c_str(), &found), 0);

  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 07777, 0600u);
}

TEST_F(ApiServerTest, ASecondServerOnTheSocketIsRefused) {
  const Result<std::unique_ptr<ApiServer>> second = ApiServer::Start(options_, node_);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr("another nestord serves " + options_.socket_path));
  EventReader reader(*stub_, {});
  EXPECT_TRUE(reader.Finish().ok());  // the first one still serves
}

TEST_F(ApiServerTest, AfterStopTheSocketIsGoneAndAnotherServerCanStart) {
  server_->Stop();
  struct stat found{};
  EXPECT_NE(stat(options_.socket_path.c_str(), &found), 0);

  const Result<std::unique_ptr<ApiServer>> second = ApiServer::Start(options_, node_);

  EXPECT_TRUE(second.ok());
}

}  // namespace
}  // namespace nestor
