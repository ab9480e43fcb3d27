// SPDX-License-Identifier: Apache-2.0
#include "agent/api/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/api/samples.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

Filter Make(const v1::EventFilter& proto) {
  Result<Filter> filter = Filter::Create(proto);
  EXPECT_TRUE(filter.ok());
  return *std::move(filter);
}

std::string WhyRefused(const v1::EventFilter& proto) {
  const Result<Filter> filter = Filter::Create(proto);
  if (filter) return "";
  EXPECT_EQ(filter.error().code, ErrorCode::kInvalidArgument);
  return filter.error().message;
}

std::string WhyIdRefused(const std::string& id) {
  v1::EventFilter proto;
  proto.add_chain_ids(id);
  return WhyRefused(proto);
}

Event ExecIn(const std::string& pod) {
  Event event = BareEvent(EventType::kExec, kChainId);
  event.time_ns = 5'000'000'000;
  event.workload = SampleWorkload(pod);
  return event;
}

TEST(FilterTest, AnEmptyFilterMatchesEverything) {
  const Filter filter = Make({});

  EXPECT_TRUE(filter.Matches(Event{}));
  EXPECT_TRUE(filter.Matches(SampleEvent()));
  EXPECT_TRUE(filter.Matches(ChainInfo{}));
}

TEST(FilterTest, TypesAreAlternatives) {
  v1::EventFilter proto;
  proto.add_types("exec");
  proto.add_types("exit");
  const Filter filter = Make(proto);

  EXPECT_TRUE(filter.Matches(BareEvent(EventType::kExec)));
  EXPECT_TRUE(filter.Matches(BareEvent(EventType::kExit)));
  EXPECT_FALSE(filter.Matches(BareEvent(EventType::kConnect)));
  EXPECT_FALSE(filter.Matches(BareEvent(EventType::kLoss)));
}

TEST(FilterTest, AnUnknownTypeIsRefusedWithTheNearestWord) {
  v1::EventFilter proto;
  proto.add_types("exce");

  EXPECT_EQ(WhyRefused(proto), "unknown event type `exce`; did you mean `exec`?");
}

TEST(FilterTest, ATypeFarFromAllIsRefusedWithTheList) {
  v1::EventFilter proto;
  proto.add_types("something-else");

  EXPECT_THAT(WhyRefused(proto), HasSubstr("hop, exec, exit, connect, accept, bind, listen, file, "
                                           "verdict, loss, tamper, heartbeat, gap, workload"));
}

TEST(FilterTest, FourDigitsOfAChainIdAreEnough) {
  v1::EventFilter proto;
  proto.add_chain_ids("71C2");
  const Filter filter = Make(proto);

  EXPECT_TRUE(filter.Matches(BareEvent(EventType::kExec, kChainId)));
  EXPECT_FALSE(filter.Matches(BareEvent(EventType::kExec, 0x71c3000000000001)));
  EXPECT_TRUE(filter.Matches(SampleChain()));
  EXPECT_FALSE(filter.Matches(SampleChain(0x81c2000000000001)));
}

TEST(FilterTest, AWholeChainIdMatchesOnlyItself) {
  v1::EventFilter proto;
  proto.add_chain_ids("71c2000000000001");
  const Filter filter = Make(proto);

  EXPECT_TRUE(filter.Matches(SampleChain(0x71c2000000000001)));
  EXPECT_FALSE(filter.Matches(SampleChain(0x71c2000000000002)));
}

TEST(FilterTest, NoChainIsNotTheChainOfZeros) {
  v1::EventFilter proto;
  proto.add_chain_ids("0000");
  const Filter filter = Make(proto);

  EXPECT_FALSE(filter.Matches(BareEvent(EventType::kExec, 0)));
  EXPECT_TRUE(filter.Matches(BareEvent(EventType::kExec, 1)));
}

TEST(FilterTest, AMalformedChainIdIsRefused) {
  for (const char* id : {"", "71c", "71g2", "0x71c2", "-71c2", "71c2 ", "71c20000000000011"}) {
    EXPECT_THAT(WhyIdRefused(id), HasSubstr("is not 4 to 16 hex digits")) << id;
  }
}

TEST(FilterTest, DifferentListsMustAllMatch) {
  v1::EventFilter proto;
  proto.add_pods("web");
  proto.add_containers("main");
  proto.add_namespaces("shop");
  proto.add_types("exec");
  const Filter filter = Make(proto);
  Event sidecar = ExecIn("web");
  sidecar.workload.container = "sidecar";

  EXPECT_TRUE(filter.Matches(ExecIn("web")));
  EXPECT_FALSE(filter.Matches(ExecIn("db")));
  EXPECT_FALSE(filter.Matches(sidecar));
}

TEST(FilterTest, AHopMatchesTheWorkloadOfEitherEnd) {
  v1::EventFilter web, db, other;
  web.add_pods("web");
  db.add_pods("db");
  other.add_pods("other");

  EXPECT_TRUE(Make(web).Matches(SampleEvent()));
  EXPECT_TRUE(Make(db).Matches(SampleEvent()));
  EXPECT_FALSE(Make(other).Matches(SampleEvent()));
}

TEST(FilterTest, PodAndContainerMustBeOfOneWorkload) {
  Event event = SampleEvent();
  event.hop->from.workload.container = "sidecar";
  v1::EventFilter proto;
  proto.add_pods("db");
  proto.add_containers("sidecar");

  EXPECT_FALSE(Make(proto).Matches(event));
}

TEST(FilterTest, ALossMayConcernEveryPod) {
  v1::EventFilter proto;
  proto.add_pods("web");
  proto.add_chain_ids("71c2");

  EXPECT_TRUE(Make(proto).Matches(BareEvent(EventType::kLoss)));
}

TEST(FilterTest, AGapMayConcernEveryPodAndAHeartbeatNone) {
  v1::EventFilter proto;
  proto.add_pods("web");

  EXPECT_TRUE(Make(proto).Matches(BareEvent(EventType::kGap)));
  EXPECT_FALSE(Make(proto).Matches(BareEvent(EventType::kHeartbeat)));
}

TEST(FilterTest, SinceKeepsBackWhatWasBefore) {
  v1::EventFilter proto;
  proto.mutable_since()->set_seconds(5);
  Event before = ExecIn("web");
  before.time_ns -= 1;
  const Filter filter = Make(proto);

  EXPECT_TRUE(filter.has_since());
  EXPECT_TRUE(filter.Matches(ExecIn("web")));
  EXPECT_FALSE(filter.Matches(before));
}

TEST(FilterTest, TheBeginningOfTimeIsASince) {
  v1::EventFilter proto;
  proto.mutable_since();

  EXPECT_TRUE(Make(proto).has_since());
  EXPECT_FALSE(Make({}).has_since());
}

TEST(FilterTest, ASinceThatIsNoTimeIsRefused) {
  v1::EventFilter negative, far, nanos;
  negative.mutable_since()->set_seconds(-1);
  far.mutable_since()->set_seconds(INT64_MAX);
  nanos.mutable_since()->set_nanos(1'000'000'000);

  EXPECT_THAT(WhyRefused(negative), HasSubstr("filter.since"));
  EXPECT_THAT(WhyRefused(far), HasSubstr("filter.since"));
  EXPECT_THAT(WhyRefused(nanos), HasSubstr("filter.since"));
}

TEST(FilterTest, AChainMatchesTheWorkloadOfAnyOfItsProcessesAndHops) {
  v1::EventFilter web, db, other;
  web.add_pods("web");
  db.add_pods("db");
  other.add_pods("other");

  EXPECT_TRUE(Make(web).Matches(SampleChain()));
  EXPECT_TRUE(Make(db).Matches(SampleChain()));
  EXPECT_FALSE(Make(other).Matches(SampleChain()));
}

TEST(FilterTest, AnAgentMatchesByItsOwnWorkloadAndTheTimeItLived) {
  v1::EventFilter web, db, late;
  web.add_pods("web");
  db.add_pods("db");
  late.mutable_since()->set_seconds(1'700'000'100);
  AgentInfo ended = SampleAgent();
  ended.alive = false;

  EXPECT_TRUE(Make(web).Matches(SampleAgent()));
  EXPECT_FALSE(Make(db).Matches(SampleAgent()));
  EXPECT_TRUE(Make(late).Matches(SampleAgent()));
  EXPECT_FALSE(Make(late).Matches(ended));
}

TEST(FilterTest, TypesDoNotKeepChainsBack) {
  v1::EventFilter proto;
  proto.add_types("exec");

  EXPECT_TRUE(Make(proto).Matches(SampleChain()));
}

TEST(FilterTest, SinceLetsChainsPassThatStillLivedThen) {
  v1::EventFilter proto;
  proto.mutable_since()->set_seconds(1'700'000'010);
  ChainInfo living = SampleChain();
  ChainInfo ended_before = SampleChain();
  ended_before.alive = false;
  ended_before.processes[0].alive = false;
  ChainInfo ended_after = ended_before;
  ended_after.processes[0].exit->run_ns = 9'000'000'000;
  const Filter filter = Make(proto);

  EXPECT_TRUE(filter.Matches(living));
  EXPECT_FALSE(filter.Matches(ended_before));
  EXPECT_TRUE(filter.Matches(ended_after));
}

TEST(FilterTest, AnEmptyNameIsRefused) {
  v1::EventFilter proto;
  proto.add_pods("");

  EXPECT_EQ(WhyRefused(proto), "filter.pods holds an empty name");
}

TEST(FilterTest, TooManyValuesAreRefused) {
  v1::EventFilter proto;
  for (int i = 0; i <= Filter::kMaxValues; ++i) proto.add_pods("pod");

  EXPECT_EQ(WhyRefused(proto), "filter.pods has 257 values; at most 256");
}

}  // namespace
}  // namespace nestor
