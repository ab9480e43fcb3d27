// SPDX-License-Identifier: Apache-2.0
// Known agents in chains: their marks, their depth, their inventory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "agent/chain/chain_graph.h"
#include "tests/unit/chain/ids.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr CgroupId kMain = 501;
constexpr HopId kNext = 2;

// A program below /agents is the agent of its name; the image "bot" makes its container one.
AgentMatch Lookup(const ProcessInfo& process, const Workload& workload) {
  const std::string folder = "/agents/";
  if (process.exe.starts_with(folder)) return {process.exe.substr(folder.size())};
  if (workload.image == "bot") return {"bot", AgentForm::kContainer};
  return {};
}

class AgentsTest : public testing::Test {
 protected:
  AgentsTest()
      : graph_(
            {}, [this](CgroupId id) { return containers_[id]; },
            [this](ProcessKey key) -> std::optional<ProcessInfo> {
              const auto found = proc_.find(key);
              return found == proc_.end() ? std::nullopt : std::optional(found->second);
            },
            [](uint64_t, uint32_t, VerdictInfo&) {}, Lookup,
            [this](ProcessKey key) { return ancestors_[key]; }) {
    containers_[kMain].container_id = "main";
    containers_[kSidecar].container_id = "sidecar";
    Hop(kOrigin, 0, HopKind::kContainerEntrypoint, main_);
  }

  static Actor Process(HopId hop, uint32_t pid, const Actor* parent = nullptr,
                       CgroupId container = kMain) {
    Actor actor;
    actor.self = {pid, pid};
    if (parent) actor.parent = parent->self;
    actor.chain_id = kOrigin;
    actor.hop_id = hop;
    actor.container_cgroup_id = container;
    actor.comm = "comm";
    return actor;
  }

  void Hop(HopId id, HopId parent, HopKind kind, const Actor& actor, const Actor* from = nullptr) {
    HopRecord record;
    record.time_ns = 10;
    record.actor = actor;
    record.id = id;
    record.parent_id = parent;
    record.chain_id = kOrigin;
    record.kind = kind;
    record.to_container_cgroup_id = actor.container_cgroup_id;
    if (from) record.from = from->self;
    graph_.Apply(record);
  }

  ProcessInfo Exec(const Actor& actor, const std::string& exe) {
    ExecRecord record;
    record.time_ns = 20;
    record.actor = actor;
    record.exe.value = exe;
    return graph_.Apply(record).back().process;
  }

  ProcessInfo Connect(const Actor& actor) {
    SocketRecord record;
    record.time_ns = 30;
    record.actor = actor;
    return graph_.Apply(record).back().process;
  }

  std::map<CgroupId, Workload> containers_;
  std::map<ProcessKey, ProcessInfo> proc_;
  std::map<ProcessKey, std::vector<uint32_t>> ancestors_;
  ChainGraph graph_;
  const Actor main_ = Process(kOrigin, 100);
};

TEST_F(AgentsTest, AnExecSaysWhichAgentStartsAndHowDeep) {
  const Actor shell = Process(kOrigin, 101, &main_), sub = Process(kOrigin, 102, &shell);

  EXPECT_EQ(Exec(main_, "/agents/claude").agent, "claude");
  EXPECT_EQ(Exec(shell, "/bin/sh").agent, "");
  const ProcessInfo nested = Exec(sub, "/agents/codex");

  EXPECT_EQ(nested.agent, "codex");
  EXPECT_EQ(nested.agent_depth, 2U);
}

TEST_F(AgentsTest, DepthGoesThroughHops) {
  Exec(main_, "/agents/claude");
  const Actor ssh = Process(kOrigin, 101, &main_);
  Exec(ssh, "/usr/bin/ssh");
  const Actor session = Process(kNext, 200, nullptr, kSidecar);
  Hop(kNext, kOrigin, HopKind::kSshLogin, session, &ssh);
  Exec(session, "/usr/sbin/sshd");

  EXPECT_EQ(Exec(Process(kNext, 201, &session, kSidecar), "/agents/codex").agent_depth, 2U);
}

TEST_F(AgentsTest, AForkThatCrossesAHopIsPlacedBelowWhoLedItThere) {
  const Actor server = Process(kOrigin, 300);
  Exec(server, "/agents/sshd");
  const Actor client = Process(kOrigin, 101);
  Exec(client, "/agents/claude");
  const Actor session = Process(kNext, 301, &server);
  Hop(kNext, kOrigin, HopKind::kSshLogin, session, &client);

  EXPECT_EQ(Exec(session, "/agents/sshd").agent_depth, 2U);
}

TEST_F(AgentsTest, AnAgentThatRunsItselfAgainInItsPlaceIsNotNested) {
  Exec(main_, "/agents/claude");

  EXPECT_EQ(Exec(main_, "/agents/claude").agent_depth, 1U);
}

TEST_F(AgentsTest, AForkOfAnAgentIsThatAgentUntilItRunsAnotherProgram) {
  Exec(main_, "/agents/claude");
  const Actor worker = Process(kOrigin, 101, &main_);

  const ProcessInfo fork = Connect(worker);
  EXPECT_EQ(fork.agent, "claude");
  EXPECT_EQ(fork.agent_depth, 1U);
  EXPECT_THAT(graph_.Agents(true), SizeIs(1));
  EXPECT_EQ(Exec(worker, "/bin/sh").agent, "");
}

TEST_F(AgentsTest, AForkThatNoRecordToldOfHidesNoAgentAboveIt) {
  Exec(main_, "/bin/sh");
  const Actor claude = Process(kOrigin, 101, &main_);
  Exec(claude, "/agents/claude");
  const Actor unseen = Process(kOrigin, 102, &claude);
  ancestors_[unseen.self] = {101, 100, 1};

  EXPECT_EQ(Exec(Process(kOrigin, 103, &unseen), "/agents/codex").agent_depth, 2U);
  Exec(claude, "/bin/sh");  // it is none any more
  EXPECT_EQ(Exec(Process(kOrigin, 104, &unseen), "/agents/codex").agent_depth, 1U);
}

TEST_F(AgentsTest, AnAgentThatChangesItsRightsIsNotBelowItself) {
  Exec(main_, "/agents/claude");
  Actor changed = main_;
  changed.hop_id = kNext;
  Hop(kNext, kOrigin, HopKind::kCredential, changed, &main_);

  EXPECT_EQ(Exec(changed, "/agents/claude").agent_depth, 1U);
}

TEST_F(AgentsTest, AnAgentOfTheHostIsKnownFromProc) {
  const Actor service = Process(0, 50, nullptr, 0);
  proc_[service.self].exe = "/agents/runner";
  const Actor entered = Process(kNext, 200, nullptr, kSidecar);
  Hop(kNext, 0, HopKind::kRuntimeExec, entered, &service);

  EXPECT_EQ(Exec(entered, "/agents/claude").agent_depth, 2U);
}

TEST_F(AgentsTest, AnImageMakesAnAgentOfItsContainersFirstProcessOnly) {
  containers_[kMain].pending = true;
  Exec(main_, "/bin/bot");
  const Actor child = Process(kOrigin, 101, &main_);
  Exec(child, "/agents/claude");
  EXPECT_THAT(graph_.Agents(true), SizeIs(1));

  Workload named = containers_[kMain];
  named.pending = false;
  named.image = "bot";
  graph_.ApplyWorkload(kMain, named);  // the image's name comes late

  const std::vector<AgentInfo> agents = graph_.Agents(true);
  ASSERT_THAT(agents, SizeIs(2));
  EXPECT_EQ(agents[0].process.agent, "bot");
  EXPECT_EQ(agents[1].process.agent, "claude");
  EXPECT_EQ(agents[1].process.agent_depth, 2U);
}

TEST_F(AgentsTest, TheInventoryTellsWhoStartedAnAgentWhereAndUntilWhen) {
  Exec(main_, "/bin/sh");
  const Actor claude = Process(kOrigin, 101, &main_), codex = Process(kOrigin, 102, &claude);
  Exec(claude, "/agents/claude");
  Exec(codex, "/agents/codex");
  ExitRecord exit;
  exit.time_ns = 77;
  exit.actor = codex;
  exit.code = 3;
  graph_.Apply(exit);

  EXPECT_THAT(graph_.Agents(false), SizeIs(1));
  const std::vector<AgentInfo> agents = graph_.Agents(true);

  ASSERT_THAT(agents, SizeIs(2));
  EXPECT_EQ(agents[0].started_by.key, main_.self);
  EXPECT_EQ(agents[0].workload.container_id, "main");
  EXPECT_EQ(agents[0].chain_id, kOrigin);
  EXPECT_EQ(agents[0].above, "");
  EXPECT_EQ(agents[1].above, "claude");
  EXPECT_EQ(agents[1].above_process, claude.self);
  EXPECT_FALSE(agents[1].alive);
  EXPECT_EQ(agents[1].end_time_ns, 77U);
  EXPECT_EQ(agents[1].exit->code, 3U);
}

TEST_F(AgentsTest, AnAgentThatEnteredByAHopWasStartedByWhoLedThere) {
  Exec(main_, "/usr/bin/client");
  const Actor agent = Process(kNext, 200, nullptr, kSidecar);
  Hop(kNext, kOrigin, HopKind::kTcp, agent, &main_);
  Exec(agent, "/agents/aider");

  const std::vector<AgentInfo> agents = graph_.Agents(false);

  ASSERT_THAT(agents, SizeIs(1));
  EXPECT_EQ(agents[0].started_by.exe, "/usr/bin/client");
}

TEST_F(AgentsTest, WhatIsNoAgentIsNotListed) {
  Exec(main_, "/bin/sh");

  EXPECT_THAT(graph_.Agents(true), IsEmpty());
}

}  // namespace
}  // namespace nestor
