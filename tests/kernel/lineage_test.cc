// SPDX-License-Identifier: Apache-2.0
// A chain holds whatever way a process comes to its program, and whoever had its pid before.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

std::string Victim() {
  const std::string victim = VictimPath();
  return victim.substr(0, victim.rfind('/') + 1) + "lineage_victim";
}

// What was run with this word as its last argument.
std::vector<ExecRecord> ExecsWith(const std::vector<Record>& records, const std::string& word) {
  std::vector<ExecRecord> found;
  for (ExecRecord& exec : ExecsOf(records, "true")) {
    if (exec.argv.back() == word) found.push_back(std::move(exec));
  }
  return found;
}

class LineageTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }

  // Runs the victim in a container of its own; its record and that of the `true` it came to.
  void Run(std::vector<std::string> words) {
    const Sandbox container;
    const std::string word = words.back();
    words.insert(words.begin(), Victim());
    EXPECT_EQ(Wait(container.Exec(words)), 0);
    const auto records = Node::Get().Drain(
        [&](const std::vector<Record>& all) { return !ExecsWith(all, word).empty(); });
    const auto victims = ExecsOf(records, "lineage_victim");
    const auto execs = ExecsWith(records, word);
    ASSERT_FALSE(victims.empty());
    ASSERT_EQ(execs.size(), 1u);
    victims_ = victims;
    exec_ = execs[0];
    EXPECT_EQ(exec_.actor.hop_id, victims[0].actor.hop_id);
    EXPECT_EQ(exec_.actor.chain_id, victims[0].actor.chain_id);
    EXPECT_EQ(exec_.actor.container_cgroup_id, container.cgroup_id());
    EXPECT_FALSE(exec_.actor.flags.recovered);
  }

  std::vector<ExecRecord> victims_;
  ExecRecord exec_;
};

TEST_F(LineageTest, AThreadThatDoesNotLeadBecomesTheProcess) {
  Run({"thread", "by-thread"});
  EXPECT_EQ(exec_.actor.self, victims_[0].actor.self);
}

TEST_F(LineageTest, Vfork) {
  Run({"vfork", "by-vfork"});
  EXPECT_EQ(exec_.actor.parent, victims_[0].actor.self);
}

TEST_F(LineageTest, CloneParentComesFromWhoClonedIt) {
  Run({"clone-parent", "by-clone-parent"});
  EXPECT_EQ(exec_.actor.parent, victims_[0].actor.self);
}

TEST_F(LineageTest, AnOrphanOfASubreaperComesFromItsDeadParent) {
  Run({"orphan", "orphan"});
  EXPECT_NE(exec_.actor.parent, victims_[0].actor.self);
  EXPECT_TRUE(exec_.actor.parent.known());
}

TEST_F(LineageTest, ThreeHundredLevels) {
  Run({"levels", "300", "deep"});
  EXPECT_EQ(victims_.size(), 301u);
  for (size_t level = 1; level < victims_.size(); ++level) {
    EXPECT_EQ(victims_[level].actor.parent, victims_[level - 1].actor.self) << level;
    EXPECT_EQ(victims_[level].actor.hop_id, victims_[0].actor.hop_id) << level;
  }
}

// The kernel's own bound, put back afterwards.
class PidMax {
 public:
  explicit PidMax(int pids) {
    std::ifstream(kPath) >> before_;
    Write(pids);
  }
  ~PidMax() { Write(before_); }

 private:
  static constexpr char kPath[] = "/proc/sys/kernel/pid_max";
  static void Write(int pids) {
    std::ofstream file(kPath);
    file << pids << std::flush;
    EXPECT_TRUE(file) << "cannot set " << kPath;
  }
  int before_ = 0;
};

TEST_F(LineageTest, PidsThatAreUsedAgainAreOtherProcesses) {
  constexpr int kPidMax = 400, kEach = 400;  // 301 is the kernel's least
  const Sandbox one, other;
  const PidMax few(kPidMax);
  const auto shell = [&](const std::string& word) {
    return "i=0; while [ $i -lt " + std::to_string(kEach) + " ]; do /bin/true " + word +
           "; i=$((i+1)); done";
  };
  const pid_t first = one.Exec({"/bin/sh", "-c", shell("one")});
  const pid_t second = other.Exec({"/bin/sh", "-c", shell("other")});
  EXPECT_EQ(Wait(first), 0);
  EXPECT_EQ(Wait(second), 0);
  const auto records = Node::Get().Drain([](const std::vector<Record>& all) {
    return ExecsOf(all, "true").size() >= size_t{2} * kEach;
  });

  const auto execs = ExecsOf(records, "true");
  ASSERT_EQ(execs.size(), size_t{2} * kEach);
  std::set<uint32_t> pids;
  std::set<std::pair<uint32_t, uint64_t>> processes;
  for (const ExecRecord& exec : execs) {
    pids.insert(exec.actor.self.tgid);
    processes.insert({exec.actor.self.tgid, exec.actor.self.start_ns});
    EXPECT_EQ(exec.actor.container_cgroup_id,
              exec.argv.back() == "one" ? one.cgroup_id() : other.cgroup_id());
  }
  EXPECT_LT(pids.size(), size_t{kPidMax});
  EXPECT_EQ(processes.size(), size_t{2} * kEach);
}

}  // namespace
}  // namespace nestor
