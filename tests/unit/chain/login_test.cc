// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "agent/chain/chain_graph.h"
#include "tests/unit/chain/ids.h"

namespace nestor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr HopId kLogin = 2;

// An sshd that took a connection, its session's process, and a program below it.
class LoginHopTest : public testing::Test {
 protected:
  LoginHopTest()
      : graph_(
            {}, [](CgroupId) { return Workload{}; },
            [](ProcessKey) { return std::optional<ProcessInfo>(); },
            [](uint64_t, uint32_t, VerdictInfo&) {},
            [](const ProcessInfo&, const Workload&) { return AgentMatch{}; },
            [](ProcessKey) { return std::vector<uint32_t>(); },
            [this](ProcessKey server, ProcessKey program) {
              asked_.push_back(program.tgid);
              return server == session_.self ? answer_ : std::nullopt;
            }) {
    HopRecord hop;
    hop.time_ns = 10;
    hop.actor = session_;
    hop.id = kLogin;
    hop.parent_id = kOrigin;
    hop.chain_id = kOrigin;
    hop.kind = HopKind::kSshLogin;
    hop.entered = true;
    graph_.Apply(hop);
    Run(session_, "/usr/sbin/sshd");
  }

  static Actor In(uint32_t pid, const Actor* parent) {
    Actor actor;
    actor.self = {pid, pid};
    if (parent) actor.parent = parent->self;
    actor.chain_id = kOrigin;
    actor.hop_id = kLogin;
    actor.container_cgroup_id = 5;
    return actor;
  }

  std::vector<Event> Run(const Actor& actor, const std::string& exe) {
    ExecRecord exec;
    exec.time_ns = 20;
    exec.actor = actor;
    exec.exe.value = exe;
    return graph_.Apply(exec);
  }

  std::optional<LoginInfo> answer_ = LoginInfo{"alice", "publickey", "ssh-ed25519 SHA256:x", ""};
  std::vector<uint32_t> asked_;
  Actor session_ = In(100, nullptr);
  Actor program_ = In(101, &session_);
  ChainGraph graph_;
};

TEST_F(LoginHopTest, TheFirstProgramOfASessionTellsWhoLoggedIn) {
  const std::vector<Event> events = Run(program_, "/usr/bin/bash");

  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, EventType::kHop);
  EXPECT_EQ(events[0].hop_id, kLogin);
  ASSERT_TRUE(events[0].hop->login);
  EXPECT_EQ(events[0].hop->login->user, "alice");
  EXPECT_EQ(events[1].type, EventType::kExec);
  EXPECT_EQ(graph_.Explain(101)->chain.hops.back().hop.login->key, "ssh-ed25519 SHA256:x");
}

TEST_F(LoginHopTest, ItIsAskedOnce) {
  Run(program_, "/usr/bin/bash");
  const std::vector<Event> events = Run(program_, "/usr/bin/env");

  EXPECT_EQ(events.size(), 1u);
  EXPECT_THAT(asked_, ElementsAre(101u));
}

TEST_F(LoginHopTest, OnlyChildrenOfTheServerAreAsked) {
  Run(In(102, &session_), "/usr/lib/openssh/sshd-session");
  EXPECT_THAT(asked_, IsEmpty());
  answer_.reset();
  EXPECT_EQ(Run(program_, "/usr/bin/bash").size(), 1u);
  Run(In(103, &program_), "/usr/bin/ls");

  EXPECT_THAT(asked_, ElementsAre(101u));
}

}  // namespace
}  // namespace nestor
