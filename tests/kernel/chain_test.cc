// SPDX-License-Identifier: Apache-2.0
// Where chains begin, and that they hold across forks whatever the parent does.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

TEST(ContainerTest, TheFirstProcessIsTheEntrypointAndTheNextARuntimeExec) {
  const Sandbox container;
  const pid_t first = container.Start([] {
    Wait(StartChild([] { return ExecHere({"/bin/true", "first"}); }));
    return 0;
  });
  EXPECT_EQ(Wait(first), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/true", "second"})), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/true", "third"})), 0);

  const auto records = Node::Get().Drain([](const std::vector<Record>& all) {
    const auto execs = ExecsOf(all, "true");
    return execs.size() == 3;
  });
  const auto execs = ExecsOf(records, "true");
  ASSERT_EQ(execs.size(), 3u);
  const auto entrypoint = FindHop(records, execs[0].actor.hop_id);
  const auto second = FindHop(records, execs[1].actor.hop_id);
  const auto third = FindHop(records, execs[2].actor.hop_id);
  ASSERT_TRUE(entrypoint && second && third);
  EXPECT_EQ(entrypoint->kind, HopKind::kContainerEntrypoint);
  EXPECT_EQ(second->kind, HopKind::kRuntimeExec);
  EXPECT_EQ(third->kind, HopKind::kRuntimeExec);
  EXPECT_NE(second->id, third->id);
  EXPECT_EQ(second->from.tgid, static_cast<uint32_t>(getpid()));
  for (const ExecRecord& exec : execs) {
    EXPECT_EQ(exec.actor.chain_id, exec.actor.hop_id);
    EXPECT_EQ(exec.actor.container_cgroup_id, container.cgroup_id());
    EXPECT_EQ(exec.actor.depth, 0u);
    EXPECT_EQ(exec.actor.confidence, Confidence::kExact);
  }
}

TEST(ContainerTest, ItsCgroupIsAnnouncedWithItsNameAndItsEnd) {
  uint64_t id = 0;
  {
    const Sandbox container;
    id = container.cgroup_id();
    EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);
  }

  const auto records = Node::Get().Drain([id](const std::vector<Record>& all) {
    for (const CgroupRecord& cgroup : Only<CgroupRecord>(all)) {
      if (cgroup.id == id && cgroup.removed) return true;
    }
    return false;
  });
  bool announced = false, removed = false;
  for (const CgroupRecord& cgroup : Only<CgroupRecord>(records)) {
    if (cgroup.id != id) continue;
    announced |= !cgroup.removed && cgroup.name.starts_with("cri-containerd-");
    removed |= cgroup.removed;
  }
  EXPECT_TRUE(announced);
  EXPECT_TRUE(removed);
}

// A cgroup that is there as long as this.
class Cgroup {
 public:
  explicit Cgroup(std::string directory) : directory_(std::move(directory)) {
    EXPECT_EQ(mkdir(directory_.c_str(), 0755), 0) << directory_;
  }
  ~Cgroup() { EXPECT_EQ(rmdir(directory_.c_str()), 0) << directory_; }
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  const std::string& directory() const { return directory_; }
  uint64_t id() const {
    struct stat info{};
    EXPECT_EQ(stat(directory_.c_str(), &info), 0);
    return info.st_ino;
  }

 private:
  std::string directory_;
};

class OneIdentityTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }

  // What is told of the `true` that a shell in `container` runs after it went into `cgroup`, and of
  // the shell.
  void RunAfterMoving(const Sandbox& container, const std::string& cgroup) {
    EXPECT_EQ(
        Wait(container.Exec({"/bin/sh", "-c",
                             "/bin/true before && echo $$ > " + cgroup +
                                 "/cgroup.procs && /bin/true after && sh -c '/bin/true deeper'"})),
        0);
    records_ = Node::Get().Drain(
        [](const std::vector<Record>& all) { return ExecsOf(all, "true").size() >= 3; });
    const auto execs = ExecsOf(records_, "true");
    ASSERT_EQ(execs.size(), 3u);
    for (const ExecRecord& exec : execs) {
      EXPECT_EQ(exec.actor.container_cgroup_id, container.cgroup_id()) << exec.argv.back();
      EXPECT_EQ(exec.actor.hop_id, execs[0].actor.hop_id) << exec.argv.back();
    }
  }

  bool WasAnnounced(uint64_t id) const {
    return std::ranges::any_of(Only<CgroupRecord>(records_),
                               [id](const CgroupRecord& cgroup) { return cgroup.id == id; });
  }

  std::vector<Record> records_;
};

const std::string kNobodysId(64, 'd');

// As an engine inside a container makes them, and who would be another container.
TEST_F(OneIdentityTest, ACgroupCalledAContainerInsideOneStaysThatContainers) {
  const Sandbox container;
  const Cgroup nested(container.directory() + "/" + kNobodysId);
  RunAfterMoving(container, nested.directory());
  EXPECT_FALSE(WasAnnounced(nested.id()));
}

TEST_F(OneIdentityTest, WhoIsInAContainerComesIntoNoOther) {
  const Sandbox container, other;
  RunAfterMoving(container, other.directory());
  EXPECT_FALSE(WasAnnounced(other.cgroup_id()));

  EXPECT_EQ(Wait(other.Exec({"/bin/true", "first"})), 0);
  const auto records = Node::Get().Drain(
      [](const std::vector<Record>& all) { return !ExecsOf(all, "true").empty(); });
  const auto execs = ExecsOf(records, "true");
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].actor.container_cgroup_id, other.cgroup_id());
  EXPECT_EQ(execs[0].actor.origin, HopKind::kContainerEntrypoint) << "nobody was there before it";
}

TEST_F(OneIdentityTest, WhoIsInAContainerMakesNone) {
  const Sandbox container;
  const Cgroup fresh("/sys/fs/cgroup/" + kNobodysId);
  RunAfterMoving(container, fresh.directory());
  EXPECT_FALSE(WasAnnounced(fresh.id()));
}

TEST_F(OneIdentityTest, WhoLeavesAContainersCgroupIsInItStill) {
  const Sandbox container;
  const Cgroup plain("/sys/fs/cgroup/plain");
  RunAfterMoving(container, plain.directory());
}

// However deep: the runtime, and whoever is on the host, brings something into the outer one.
TEST_F(OneIdentityTest, WhatTheHostPutsBelowAContainerIsInThatContainer) {
  constexpr int kLevels = 40;
  const Sandbox container;
  std::vector<std::unique_ptr<Cgroup>> levels;
  std::string at = container.directory();
  for (int level = 0; level < kLevels; ++level) {
    at += level % 2 ? "/deeper" : "/" + kNobodysId;
    levels.push_back(std::make_unique<Cgroup>(at));
  }
  EXPECT_EQ(Wait(StartIn(at, [] { return ExecHere({"/bin/true", "deep"}); })), 0);

  const auto records = Node::Get().Drain(
      [](const std::vector<Record>& all) { return !ExecsOf(all, "true").empty(); });
  const auto execs = ExecsOf(records, "true");
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].actor.container_cgroup_id, container.cgroup_id());
  EXPECT_EQ(execs[0].actor.depth, 0u);
  while (!levels.empty()) levels.pop_back();
}

// fork, setsid, fork, parents gone: the last child has no ancestor left that tells anything.
TEST(ForkTest, ADoubleForkedChildKeepsItsChain) {
  const Sandbox container;
  const pid_t entry = container.Start([] {
    if (fork() == 0) {
      setsid();
      if (fork() == 0) {
        while (getppid() != 1) usleep(1000);
        _exit(ExecHere({"/bin/true", "orphan"}));
      }
      _exit(0);
    }
    wait(nullptr);
    return ExecHere({"/bin/true", "entry"});
  });
  EXPECT_EQ(Wait(entry), 0);

  const auto records = Node::Get().Drain(
      [](const std::vector<Record>& all) { return ExecsOf(all, "true").size() >= 2; });
  const auto execs = ExecsOf(records, "true");
  ASSERT_EQ(execs.size(), 2u);
  // Whichever program runs first begins the container's chain; the other must be in the same
  // container, and no chain may be made up for the orphan on the host.
  EXPECT_EQ(execs[0].actor.container_cgroup_id, container.cgroup_id());
  EXPECT_EQ(execs[1].actor.container_cgroup_id, container.cgroup_id());
}

TEST(ForkTest, AnAgentThatLivesForAMomentKeepsItsChain) {
  const Sandbox container;
  const pid_t entry = container.Exec({"/bin/sh", "-c", "(/bin/true agent & ); exit 0"});
  EXPECT_EQ(Wait(entry), 0);

  const auto records = Node::Get().Drain(
      [](const std::vector<Record>& all) { return !ExecsOf(all, "true").empty(); });
  const auto shells = Only<ExecRecord>(records);
  const auto agents = ExecsOf(records, "true");
  ASSERT_EQ(agents.size(), 1u);
  ASSERT_FALSE(shells.empty());
  EXPECT_EQ(agents[0].actor.chain_id, shells[0].actor.chain_id);
  EXPECT_EQ(agents[0].actor.hop_id, shells[0].actor.hop_id);
}

}  // namespace
}  // namespace nestor
