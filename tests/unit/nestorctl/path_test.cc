// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/nestorctl/sample.h"

namespace nestor::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<v1::Chain> Paths(const std::vector<v1::Chain>& chains, const std::string& from,
                             const std::string& to) {
  const auto start = ParseWaypoint(from), end = ParseWaypoint(to);
  EXPECT_TRUE(start && end);
  return FindPaths(chains, *start, *end);
}

std::vector<std::string> Kinds(const v1::Chain& path) {
  std::vector<std::string> kinds;
  for (const v1::ChainHop& hop : path.hops()) kinds.push_back(hop.kind());
  return kinds;
}

TEST(WaypointTest, IsAHostAProcessOrNames) {
  EXPECT_TRUE(ParseWaypoint("host")->host);
  EXPECT_EQ(ParseWaypoint("4160")->pid, 4160U);
  EXPECT_EQ(ParseWaypoint("web-0")->pod, "web-0");
  EXPECT_EQ(ParseWaypoint("team-a/web-0")->namespace_name, "team-a");
  EXPECT_EQ(ParseWaypoint("team-a/web-0/main")->container, "main");
  EXPECT_EQ(ParseWaypoint("4160a")->pod, "4160a");
  for (const char* wrong : {"", "/", "a/", "/a", "a//b", "a/b/c/d"}) {
    EXPECT_FALSE(ParseWaypoint(wrong)) << wrong;
  }
}

TEST(PathTest, HasTheHopsFromOnePlaceToTheOtherOnly) {
  const auto paths = Paths({sample::Story()}, "team-a/web-0/ssh", "team-a/web-0/main");

  ASSERT_THAT(paths, SizeIs(1));
  EXPECT_THAT(Kinds(paths[0]), ElementsAre("tcp"));
  EXPECT_EQ(paths[0].processes_size(), 0);
}

TEST(PathTest, FromTheHostBeginsWithTheHopThatLeftIt) {
  EXPECT_THAT(Kinds(Paths({sample::Story()}, "host", "team-a/web-0/main").at(0)),
              ElementsAre("runtime-exec", "tcp"));
}

TEST(PathTest, IntoAPodEndsWhereItEntersThePod) {
  EXPECT_THAT(Kinds(Paths({sample::Story()}, "host", "web-0").at(0)), ElementsAre("runtime-exec"));
}

TEST(PathTest, WithinAPodGoesFromContainerToContainer) {
  EXPECT_THAT(Kinds(Paths({sample::Story()}, "web-0", "web-0").at(0)), ElementsAre("tcp"));
}

TEST(PathTest, AProcessIsAnEndAsItselfAndForWhatRunsBelowIt) {
  EXPECT_THAT(Paths({sample::Story()}, "4120", "4160"), SizeIs(1));  // bash, whose child is ssh
  EXPECT_THAT(Paths({sample::Story()}, "4131", "4160"), SizeIs(1));
  EXPECT_THAT(Paths({sample::Story()}, "4160", "4120"), IsEmpty());
}

TEST(PathTest, WhatNobodyWentHasNoPath) {
  EXPECT_THAT(Paths({sample::Story()}, "team-a/web-0/main", "team-a/web-0/ssh"), IsEmpty());
  EXPECT_THAT(Paths({sample::Story()}, "other/web-0", "web-0"), IsEmpty());
  EXPECT_THAT(Paths({}, "host", "web-0"), IsEmpty());
}

TEST(PathTest, EachCandidateOfAnAmbiguousHopIsAWay) {
  v1::Chain shared, job;
  job.set_id("0000000000000001");
  v1::ChainHop* began = sample::AddHop(job, job.id(), "", "container-entrypoint", "exact");
  *began->mutable_to()->mutable_workload() = sample::Container("job");
  shared.set_id("0000000000000002");
  sample::AddHop(shared, shared.id(), "", "container-entrypoint", "exact");
  v1::ChainHop* hop = sample::AddHop(shared, "0000000000000003", shared.id(), "tcp", "ambiguous");
  *hop->mutable_to()->mutable_workload() = sample::Container("db");
  hop->add_candidate_ids(job.id());
  hop->add_candidate_ids(shared.id());

  const auto paths = Paths({shared, job}, "team-a/web-0/job", "team-a/web-0/db");

  ASSERT_THAT(paths, SizeIs(1));
  EXPECT_THAT(Kinds(paths[0]), ElementsAre("tcp"));
}

TEST(PathTest, CandidatesInACircleEnd) {
  v1::Chain chain;
  chain.set_id("0000000000000001");
  for (const char* id : {"0000000000000001", "0000000000000002", "0000000000000003"}) {
    v1::ChainHop* hop = sample::AddHop(chain, id, "", "tcp", "ambiguous");
    *hop->mutable_to()->mutable_workload() = sample::Container("db");
    for (const char* other : {"0000000000000003", "0000000000000001", "0000000000000002"}) {
      hop->add_candidate_ids(other);
    }
  }

  EXPECT_THAT(Paths({chain}, "team-a/web-0/job", "team-a/web-0/db"), IsEmpty());
}

TEST(PathTest, IsToldAsASentenceAHop) {
  const std::vector<v1::Chain> chains{sample::Story()};

  const std::string text = Render(RenderPaths(Paths(chains, "host", "4160"), chains), 0, false);

  EXPECT_THAT(text, HasSubstr("chain 00d14f2a91c00001, runtime-exec in team-a/web-0/ssh, 2 hops\n"
                              "1. runtime-exec: host:runc[88] put bash[4120] into"));
  EXPECT_THAT(text, HasSubstr("\n2. tcp: main:sshd[4150] serves tcp 10.0.3.7:51544"));
}

}  // namespace
}  // namespace nestor::ctl
