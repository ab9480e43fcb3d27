// SPDX-License-Identifier: Apache-2.0
// Ambiguous hops that turn out to be one of their candidates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/chain/chain_graph.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr CgroupId kServer = 501, kClient = 502;
// The server's own hop; its client's, and the one by which that asks; then one for either of two
// requests, and one that goes on from there.
constexpr HopId kOwn = 1, kAsker = 2, kRequest = 3, kOneOfTwo = 4, kOnward = 5;
constexpr uint32_t kServerPid = 100, kAskerPid = 200, kWorkPid = 300, kOnwardPid = 400;

Actor In(HopId hop, HopId chain, uint32_t depth, uint32_t pid, CgroupId container,
         Confidence confidence) {
  Actor actor;
  actor.self = {pid, pid};
  actor.chain_id = chain;
  actor.hop_id = hop;
  actor.container_cgroup_id = container;
  actor.depth = depth;
  actor.origin = chain == kOwn ? HopKind::kContainerEntrypoint : HopKind::kRuntimeExec;
  actor.confidence = confidence;
  actor.comm = "comm" + std::to_string(pid);
  return actor;
}

HopRecord HopFor(const Actor& actor, HopId parent, HopKind kind) {
  HopRecord hop;
  hop.time_ns = 10 * actor.hop_id;
  hop.actor = actor;
  hop.entered = true;
  hop.id = actor.hop_id;
  hop.parent_id = parent;
  hop.chain_id = actor.chain_id;
  hop.depth = actor.depth;
  hop.origin = actor.origin;
  hop.confidence = actor.confidence;
  hop.kind = kind;
  hop.to_container_cgroup_id = actor.container_cgroup_id;
  return hop;
}

ChainGraph NewGraph() {
  return ChainGraph{ChainOptions{},
                    [](CgroupId) { return Workload{}; },
                    [](ProcessKey) { return std::nullopt; },
                    [](uint64_t, uint32_t, VerdictInfo&) {},
                    [](const ProcessInfo&, const Workload&) { return AgentMatch{}; },
                    [](ProcessKey) { return std::vector<uint32_t>(); }};
}

class SettledTest : public ::testing::Test {
 protected:
  SettledTest() {
    one_of_two_.candidates = {kRequest, 77};
    one_of_two_.candidate_count = 2;
    request_.entered = false;
    request_.from = asker_actor_.self;
    for (const HopRecord& hop : {own_, asker_, request_, one_of_two_, onward_}) graph_.Apply(hop);
    for (const Actor& actor : {server_actor_, asker_actor_, work_actor_, onward_actor_}) Run(actor);
  }

  std::vector<Event> Run(const Actor& actor) {
    ExecRecord exec;
    exec.time_ns = 90;
    exec.actor = actor;
    exec.exe.value = "/bin/app";
    exec.argv = {"/bin/app"};
    return graph_.Apply(exec);
  }

  // As the kernel tells it: the hop of the request, under the id of the ambiguous one.
  HopRecord Settled() const {
    HopRecord settled = request_;
    settled.id = kOneOfTwo;
    settled.actor = work_actor_;
    settled.entered = true;
    settled.confidence = Confidence::kInferred;
    settled.detail = kSettledHop;
    settled.again = true;
    return settled;
  }

  ChainInfo ChainOf(HopId id) const {
    for (const ChainInfo& chain : graph_.Chains(true)) {
      if (chain.id == id) return chain;
    }
    ADD_FAILURE() << "no chain " << id;
    return {};
  }
  static std::vector<HopId> Ids(const std::vector<ChainHop>& hops) {
    std::vector<HopId> ids;
    for (const ChainHop& hop : hops) ids.push_back(hop.hop.id);
    return ids;
  }

  Actor server_actor_ = In(kOwn, kOwn, 0, kServerPid, kServer, Confidence::kExact);
  Actor asker_actor_ = In(kAsker, kAsker, 0, kAskerPid, kClient, Confidence::kExact);
  Actor work_actor_ = In(kOneOfTwo, kOwn, 1, kWorkPid, kServer, Confidence::kAmbiguous);
  Actor onward_actor_ = In(kOnward, kOwn, 2, kOnwardPid, kClient, Confidence::kAmbiguous);
  HopRecord own_ = HopFor(server_actor_, 0, HopKind::kContainerEntrypoint);
  HopRecord asker_ = HopFor(asker_actor_, 0, HopKind::kRuntimeExec);
  HopRecord request_ = HopFor(In(kRequest, kAsker, 1, kAskerPid, kServer, Confidence::kExact),
                              kAsker, HopKind::kUnixSocket);
  HopRecord one_of_two_ = HopFor(work_actor_, kOwn, HopKind::kUnixSocket);
  HopRecord onward_ = HopFor(onward_actor_, kOneOfTwo, HopKind::kTcp);
  ChainGraph graph_ = NewGraph();
};

TEST_F(SettledTest, ItAndAllBelowItAreToldAgainInTheirChain) {
  const std::vector<Event> events = graph_.Apply(Settled());

  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].hop_id, kOneOfTwo);
  EXPECT_EQ(events[0].chain_id, kAsker);
  EXPECT_EQ(events[0].hop->parent_id, kAsker);
  EXPECT_EQ(events[0].depth, 1u);
  EXPECT_EQ(events[0].confidence, Confidence::kInferred);
  EXPECT_EQ(events[0].hop->detail, "settled");
  EXPECT_THAT(events[0].hop->evidence, HasSubstr("the one that was answered then"));
  EXPECT_THAT(events[0].hop->candidates, IsEmpty());
  EXPECT_EQ(events[0].hop->to.process.exe, "/bin/app") << "what runs there is known already";
  EXPECT_EQ(events[1].hop_id, kOnward);
  EXPECT_EQ(events[1].chain_id, kAsker);
  EXPECT_EQ(events[1].depth, 2u);
  EXPECT_EQ(events[1].origin, HopKind::kRuntimeExec);
  EXPECT_EQ(events[1].confidence, Confidence::kInferred);
}

TEST_F(SettledTest, ItIsInTheChainOfWhoAsked) {
  graph_.Apply(Settled());

  EXPECT_THAT(Ids(ChainOf(kAsker).hops), ElementsAre(kAsker, kRequest, kOneOfTwo, kOnward));
  EXPECT_EQ(ChainOf(kAsker).processes.size(), 3u);
  EXPECT_THAT(Ids(ChainOf(kOwn).hops), ElementsAre(kOwn));
  const auto explained = graph_.Explain(kOnwardPid);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->chain.id, kAsker);
  EXPECT_THAT(Ids(explained->chain.hops), ElementsAre(kAsker, kOneOfTwo, kOnward));
}

// The kernel's tasks carry on with what they were told.
TEST_F(SettledTest, WhatComesLaterIsInThatChainToo) {
  graph_.Apply(Settled());

  const std::vector<Event> run = Run(onward_actor_);
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run[0].chain_id, kAsker);
  EXPECT_EQ(run[0].confidence, Confidence::kInferred);

  const Actor later = In(9, kOwn, 3, 900, kServer, Confidence::kAmbiguous);
  const std::vector<Event> hop = graph_.Apply(HopFor(later, kOnward, HopKind::kTcp));
  ASSERT_EQ(hop.size(), 1u);
  EXPECT_EQ(hop[0].chain_id, kAsker);
  EXPECT_EQ(hop[0].depth, 3u);
  EXPECT_EQ(hop[0].confidence, Confidence::kInferred);
}

TEST_F(SettledTest, AnotherAmbiguousHopBelowItStaysSo) {
  HopRecord later =
      HopFor(In(9, kOwn, 3, 900, kServer, Confidence::kAmbiguous), kOnward, HopKind::kTcp);
  later.candidates = {kRequest, 77};
  later.candidate_count = 2;
  graph_.Apply(later);

  const std::vector<Event> events = graph_.Apply(Settled());

  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[2].chain_id, kAsker);
  EXPECT_EQ(events[2].confidence, Confidence::kAmbiguous);
}

TEST_F(SettledTest, OfAHopThatIsForgottenNothingIsMade) {
  HopRecord unknown = Settled();
  unknown.id = 12345;
  EXPECT_THAT(graph_.Apply(unknown), IsEmpty());
  EXPECT_EQ(graph_.Chains(true).size(), 2u);
}

// What opened it went on over a connection, whose other end starts something after the answer.
TEST_F(SettledTest, ItMayBeSettledBeforeItIsTold) {
  HopRecord first_told = Settled();
  first_told.id = 8;
  first_told.actor.hop_id = 8;
  first_told.entered = first_told.again = false;

  const std::vector<Event> events = graph_.Apply(first_told);

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].hop->detail, "settled");
  EXPECT_EQ(events[0].chain_id, kAsker);
}

// A restarted nestord has the table, and then reads the older record again.
TEST_F(SettledTest, WhatWasSaidBeforeCountsNoLonger) {
  graph_.Apply(Settled());

  graph_.Apply(one_of_two_);

  EXPECT_THAT(Ids(ChainOf(kAsker).hops), ElementsAre(kAsker, kRequest, kOneOfTwo, kOnward));
}

TEST_F(SettledTest, ARestartedNestordKnowsItFromTheTable) {
  ChainGraph next = NewGraph();

  next.ApplyKnown({own_, asker_, request_, Settled(), onward_}, {{onward_actor_, {}}}, 1000);

  const auto explained = next.Explain(kOnwardPid);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->chain.id, kAsker);
  EXPECT_EQ(explained->chain.hops.back().confidence, Confidence::kInferred);
}

TEST_F(SettledTest, ItsParentsHopGoesWhenNobodyIsThere) {
  ExitRecord exit;
  exit.time_ns = 100;
  exit.actor = server_actor_;
  graph_.Apply(exit);
  graph_.Reap(100 + ChainOptions{}.ended_grace_ns);
  EXPECT_THAT(graph_.TakeForgotten(), IsEmpty()) << "the ambiguous one hangs on it";

  graph_.Apply(Settled());

  EXPECT_THAT(graph_.TakeForgotten(), ElementsAre(kOwn));
}

}  // namespace
}  // namespace nestor
