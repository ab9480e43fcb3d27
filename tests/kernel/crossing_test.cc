// SPDX-License-Identifier: Apache-2.0
// Crossings without a socket: other namespaces, other rights, another process taken over.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/kernel/node.h"
#include "tests/kernel/resident.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

constexpr uint32_t kMnt = 1, kUser = 8;  // enum nestor_namespace_bits
constexpr uint32_t kNobody = 65534;

class CrossingTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }

  // The hop that the one exec of `name` with `argument` is in, and that exec.
  static std::pair<HopRecord, ExecRecord> HopOf(const std::string& name,
                                                const std::string& argument) {
    const auto mine = [&](const std::vector<Record>& all) {
      auto execs = ExecsOf(all, name);
      std::erase_if(execs, [&](const ExecRecord& exec) {
        return exec.argv.empty() || exec.argv.back() != argument;
      });
      return execs;
    };
    const auto records =
        Node::Get().Drain([&](const std::vector<Record>& all) { return !mine(all).empty(); });
    const auto execs = mine(records);
    EXPECT_EQ(execs.size(), 1u) << name << " " << argument;
    if (execs.empty()) return {};
    const auto hop = FindHop(records, execs[0].actor.hop_id);
    EXPECT_TRUE(hop) << "the hop of " << argument << " was not announced";
    return {hop.value_or(HopRecord{}), execs[0]};
  }
};

TEST_F(CrossingTest, NsenterFromTheHostNamesBothWorkloads) {
  const Sandbox container;
  const Resident resident(container);
  const pid_t host = StartChild([&] {
    return ExecHere({"/usr/bin/nsenter", "-t", resident.pid(), "-m", "/bin/true", "entered"});
  });
  EXPECT_EQ(Wait(host), 0);

  const auto [hop, exec] = HopOf("true", "entered");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.detail, kMnt);
  EXPECT_EQ(hop.from.tgid, static_cast<uint32_t>(host));
  EXPECT_EQ(hop.from_container_cgroup_id, 0u);
  EXPECT_EQ(hop.to_container_cgroup_id, container.cgroup_id());
  EXPECT_NE(hop.parent_id, 0u);
  EXPECT_EQ(hop.confidence, exec.actor.confidence);
  EXPECT_EQ(exec.actor.container_cgroup_id, container.cgroup_id());
}

TEST_F(CrossingTest, NsenterFromAContainerStaysUnderItsOwnRules) {
  const Sandbox target, origin;
  const Resident resident(target);
  EXPECT_EQ(
      Wait(origin.Exec({"/usr/bin/nsenter", "-t", resident.pid(), "-m", "/bin/true", "escaped"})),
      0);

  const auto [hop, exec] = HopOf("true", "escaped");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.from_container_cgroup_id, origin.cgroup_id());
  EXPECT_EQ(hop.to_container_cgroup_id, target.cgroup_id());
  EXPECT_EQ(exec.actor.container_cgroup_id, origin.cgroup_id());
  EXPECT_EQ(exec.actor.depth, 1u);
}

TEST_F(CrossingTest, ChrootIntoAnotherContainerIsAHop) {
  const Sandbox target, origin;
  const Resident resident(target);
  EXPECT_EQ(Wait(origin.Exec({"/usr/sbin/chroot", resident.root(), "/bin/true", "another-root"})),
            0);

  const auto [hop, exec] = HopOf("true", "another-root");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.to_container_cgroup_id, target.cgroup_id());
}

TEST_F(CrossingTest, ChrootInsideOneContainerIsNone) {
  const Sandbox origin;
  EXPECT_EQ(Wait(origin.Exec({"/bin/sh", "-c", "/usr/sbin/chroot / /bin/true own-root"})), 0);

  const auto [hop, exec] = HopOf("true", "own-root");
  EXPECT_EQ(hop.kind, HopKind::kContainerEntrypoint);
}

TEST_F(CrossingTest, AUserNamespaceOfOnesOwnIsAHop) {
  const Sandbox origin;
  EXPECT_EQ(Wait(origin.Exec({"/usr/bin/unshare", "-U", "-r", "/bin/true", "own-user"})), 0);

  const auto [hop, exec] = HopOf("true", "own-user");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.detail, kUser);
  EXPECT_EQ(hop.to_container_cgroup_id, origin.cgroup_id());
}

TEST_F(CrossingTest, SuIsAHopWithBothUsers) {
  const Sandbox origin;
  EXPECT_EQ(
      Wait(origin.Exec({"/bin/su", "nobody", "-s", "/bin/sh", "-c", "exec /bin/true switched"})),
      0);

  const auto [hop, exec] = HopOf("true", "switched");
  EXPECT_EQ(hop.kind, HopKind::kCredential);
  EXPECT_EQ(hop.old_uid, 0u);
  EXPECT_EQ(hop.new_uid, kNobody);
  EXPECT_EQ(hop.gained_caps, 0u);
  EXPECT_EQ(exec.actor.uid, kNobody);
}

TEST_F(CrossingTest, ASetuidProgramOfAnotherUserRaisesIt) {
  const Sandbox origin;
  const std::string program = "/tmp/setuid_victim";
  ASSERT_EQ(Wait(StartChild([&] { return ExecHere({"/bin/cp", VictimPath(), program}); })), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  Node::Get().Forget();
  EXPECT_EQ(Wait(origin.Exec({"/usr/bin/setpriv", "--reuid", "65534", "--clear-groups", "/bin/sh",
                              "-c", program + " raised"})),
            0);

  const auto [hop, exec] = HopOf("setuid_victim", "raised");
  EXPECT_EQ(hop.kind, HopKind::kCredential);
  EXPECT_EQ(hop.old_uid, kNobody);
  EXPECT_EQ(hop.new_uid, 0u);
  EXPECT_NE(hop.gained_caps, 0u);
  EXPECT_EQ(exec.actor.depth, 2u);  // root to nobody was the first
}

// Starts a victim that waits, lets `tracer` take hold of it, and lets it go on to its next program.
std::pair<pid_t, pid_t> TakeOver(const Sandbox& target, const Sandbox& origin, const char* way) {
  const std::string gate = "/tmp/gate-" + std::string(way);
  unlink(gate.c_str());
  const pid_t victim = target.Exec({VictimPath(), "wait-then-true", gate});
  AwaitProgram(victim, "/kernel_victim");
  const pid_t tracer = origin.Exec({VictimPath(), way, std::to_string(victim)});
  EXPECT_EQ(Wait(tracer), 0);
  EXPECT_EQ(Wait(StartChild([&] { return ExecHere({"/usr/bin/touch", gate}); })), 0);
  EXPECT_EQ(Wait(victim), 0);
  return {victim, tracer};
}

void TracedProcessCarriesTheTracersChain(const char* way, uint32_t detail) {
  const Sandbox target, origin;
  const auto [victim, tracer] = TakeOver(target, origin, way);
  const auto records = Node::Get().DrainUntilExit(static_cast<uint32_t>(victim));
  const auto execs = ExecsOf(records, "/bin/true");
  ASSERT_EQ(execs.size(), 1u);
  const auto hop = FindHop(records, execs[0].actor.hop_id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, HopKind::kTrace);
  EXPECT_EQ(hop->detail, detail);
  EXPECT_EQ(hop->from.tgid, static_cast<uint32_t>(tracer));
  EXPECT_EQ(hop->from_container_cgroup_id, origin.cgroup_id());
  EXPECT_EQ(hop->to_container_cgroup_id, target.cgroup_id());
  EXPECT_EQ(execs[0].actor.container_cgroup_id, target.cgroup_id());
  const auto above = FindHop(records, hop->parent_id);
  ASSERT_TRUE(above);
  EXPECT_EQ(above->actor.self.tgid, static_cast<uint32_t>(tracer));
}

TEST_F(CrossingTest, APtracedProcessCarriesTheTracersChain) {
  TracedProcessCarriesTheTracersChain("ptrace", 1);
}

TEST_F(CrossingTest, AProcessWrittenToByVmWritevCarriesTheWritersChain) {
  TracedProcessCarriesTheTracersChain("vm-writev", 2);
}

TEST_F(CrossingTest, AProcessWhoseMemFileIsOpenedForWritingCarriesTheOpenersChain) {
  TracedProcessCarriesTheTracersChain("mem-file", 3);
}

TEST_F(CrossingTest, AProcessThatIsOnlyReadKeepsItsChain) {
  const Sandbox target, origin;
  const auto [victim, tracer] = TakeOver(target, origin, "mem-read");
  const auto records = Node::Get().DrainUntilExit(static_cast<uint32_t>(victim));
  const auto execs = ExecsOf(records, "/bin/true");
  ASSERT_EQ(execs.size(), 1u);
  const auto hop = FindHop(records, execs[0].actor.hop_id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, HopKind::kContainerEntrypoint);
}

// The inode number of a process's mount namespace.
uint64_t MountNamespaceOf(const std::string& pid) {
  struct stat info{};
  EXPECT_EQ(stat(("/proc/" + pid + "/ns/mnt").c_str(), &info), 0);
  return info.st_ino;
}

// Children that hold a mount namespace of their own each, until one got this number and ran `true`
// with the argument. False: no number came again.
bool RunInNamespaceNumbered(uint64_t number, const std::string& argument) {
  constexpr int kNamespaces = 400;
  std::vector<pid_t> holding;
  bool found = false;
  while (!found && holding.size() < kNamespaces) {
    int said[2];
    EXPECT_EQ(pipe(said), 0);
    const pid_t child = StartChild([&] {
      if (unshare(CLONE_NEWNS) != 0) return 99;
      const char same = MountNamespaceOf("self") == number ? 'y' : 'n';
      if (write(said[1], &same, 1) != 1) return 98;
      if (same == 'n') pause();
      return ExecHere({"/bin/true", argument});
    });
    char same = 0;
    EXPECT_EQ(read(said[0], &same, 1), 1);
    close(said[0]);
    close(said[1]);
    found = same == 'y';
    if (found) {
      EXPECT_EQ(Wait(child), 0);
    } else {
      holding.push_back(child);
    }
  }
  for (const pid_t child : holding) {
    kill(child, SIGKILL);
    Wait(child);
  }
  return found;
}

TEST_F(CrossingTest, WhoGetsTheNumberOfADeadContainersNamespaceIsTheHosts) {
  uint64_t number = 0;
  {
    const Sandbox container;
    const Resident resident(container);
    number = MountNamespaceOf(resident.pid());
  }
  ASSERT_TRUE(RunInNamespaceNumbered(number, "number-again"));

  const auto [hop, exec] = HopOf("true", "number-again");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.to_container_cgroup_id, 0u);
  EXPECT_EQ(exec.actor.container_cgroup_id, 0u);
}

TEST_F(CrossingTest, ANamespaceThatOutlivesItsContainerIsTheHosts) {
  int held = -1;
  {
    const Sandbox container;
    const Resident resident(container);
    held = open(("/proc/" + resident.pid() + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(held, 0);
  }
  const pid_t host = StartChild([&] {
    if (setns(held, CLONE_NEWNS) != 0) return 99;
    return ExecHere({"/bin/true", "outlived"});
  });
  EXPECT_EQ(Wait(host), 0);
  close(held);

  const auto [hop, exec] = HopOf("true", "outlived");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(exec.actor.container_cgroup_id, 0u);
}

// The second namespace has the number of the first, as far as the kernel gives it back in time.
TEST_F(CrossingTest, ANewNamespaceWithTheOldOnesNumberIsAnother) {
  const Sandbox container;
  const std::string twice =
      "import ctypes, os\n"
      "number, libc = os.stat('/proc/self/ns/mnt').st_ino, ctypes.CDLL(None)\n"
      "for _ in range(100):\n"
      "  libc.unshare(0x20000)\n"
      "  if _ and os.stat('/proc/self/ns/mnt').st_ino == number: break\n"
      "os.execv('/bin/true', ['true', 'other-tree'])\n";
  EXPECT_EQ(Wait(container.Exec({"/usr/bin/unshare", "-m", "/usr/bin/python3", "-c", twice})), 0);

  const auto [hop, exec] = HopOf("true", "other-tree");
  EXPECT_EQ(hop.kind, HopKind::kNamespace);
  EXPECT_EQ(hop.detail, kMnt);
  EXPECT_EQ(exec.actor.depth, 2u) << "unshare made the first";
}

// A real atd, and a job that is handed to it by a file: who asked for it is not known.
void LeaveJob(const std::string& argument,
              const std::function<pid_t(std::vector<std::string>)>& start) {
  EXPECT_EQ(Wait(start({"/bin/sh", "-c", "echo /bin/true " + argument + " | at now 2>/dev/null"})),
            0);
}

TEST_F(CrossingTest, AJobOfTheNodesAtdBeginsAChainOfItsOwn) {
  const auto start = [](const std::vector<std::string>& argv) {
    return StartChild([&] { return ExecHere(argv); });
  };
  const pid_t atd = start({"/usr/sbin/atd", "-f"});
  AwaitProgram(atd, "/atd");
  LeaveJob("nodes-job", start);

  const auto [hop, exec] = HopOf("true", "nodes-job");
  kill(atd, SIGKILL);
  Wait(atd);
  EXPECT_EQ(hop.kind, HopKind::kDelegated);
  EXPECT_EQ(hop.parent_id, 0u);
  EXPECT_EQ(exec.actor.container_cgroup_id, 0u);
  EXPECT_EQ(exec.actor.origin, HopKind::kDelegated);
  EXPECT_EQ(exec.actor.confidence, Confidence::kExact);
}

TEST_F(CrossingTest, AJobOfAContainersAtdIsBelowItsStarter) {
  const Sandbox daemons, clients;
  const pid_t atd = daemons.Exec({"/usr/sbin/atd", "-f"});
  AwaitProgram(atd, "/atd");
  LeaveJob("at-job", [&](const std::vector<std::string>& argv) { return clients.Exec(argv); });

  const auto [hop, exec] = HopOf("true", "at-job");
  kill(atd, SIGKILL);
  Wait(atd);
  EXPECT_EQ(hop.kind, HopKind::kDelegated);
  EXPECT_NE(hop.parent_id, 0u);
  EXPECT_EQ(hop.parent_id, hop.chain_id);
  EXPECT_EQ(hop.from_container_cgroup_id, daemons.cgroup_id());
  EXPECT_EQ(hop.to_container_cgroup_id, daemons.cgroup_id());
  EXPECT_EQ(exec.actor.container_cgroup_id, daemons.cgroup_id());
  EXPECT_EQ(exec.actor.origin, HopKind::kContainerEntrypoint);
  EXPECT_EQ(exec.actor.depth, 1u);
}

TEST_F(CrossingTest, AFileCalledCronEndsNoChain) {
  const Sandbox container;
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);  // the entrypoint
  for (const std::string name : {"cron", "crond", "anacron", "atd"}) {
    const std::string program = "/tmp/" + name;
    EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c",
                                   "cp /bin/bash " + program + "; " + program +
                                       " -c '/bin/true as-" + name + "; true'; rm " + program})),
              0);

    const auto [hop, exec] = HopOf("true", "as-" + name);
    EXPECT_EQ(hop.kind, HopKind::kDelegated) << name;
    EXPECT_EQ(hop.parent_id, hop.chain_id) << name;
    EXPECT_EQ(exec.actor.origin, HopKind::kRuntimeExec) << name;
    EXPECT_EQ(exec.actor.depth, 1u) << name;
  }
}

// On the host a name begins a chain only for what the node itself started.
TEST_F(CrossingTest, AFileCalledCronBelowAHopOfTheHostEndsNoChain) {
  EXPECT_EQ(Wait(StartChild([] {
              return ExecHere({"/bin/sh", "-c",
                               "cp /bin/bash /tmp/cron; setpriv --reuid 65534 --clear-groups "
                               "/tmp/cron -c '/bin/true on-host; true'; rm /tmp/cron"});
            })),
            0);

  const auto [hop, exec] = HopOf("true", "on-host");
  EXPECT_EQ(hop.kind, HopKind::kDelegated);
  EXPECT_NE(hop.parent_id, 0u);
  EXPECT_NE(exec.actor.origin, HopKind::kDelegated);
  EXPECT_EQ(exec.actor.depth, 2u);
}

}  // namespace
}  // namespace nestor
