// SPDX-License-Identifier: Apache-2.0
// Acts that rules know by what they are: tracing, making and entering namespaces, gaining rights.
// Each is refused by a rule in force, told and let be by one in audit mode.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/kernel/decide.h"
#include "tests/kernel/resident.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string ActVictim() {
  const std::string other = VictimPath();
  return other.substr(0, other.rfind('/')) + "/act_victim";
}

class ActRuleTest : public DecideTest {
 protected:
  // The exit code of the victim in the container: 0 or an errno.
  static int Act(const Sandbox& container, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), ActVictim());
    return Wait(container.Exec(arguments));
  }

  // What the verdicts since the last call say of it, all of this stage, and all applied or none.
  static std::vector<std::string> Told(Stage stage, bool applied) {
    std::vector<std::string> told;
    for (const VerdictRecord& verdict : Verdicts()) {
      EXPECT_EQ(verdict.stage, stage);
      EXPECT_EQ(verdict.applied, applied);
      EXPECT_EQ(verdict.action, Action::kDeny);
      told.push_back(verdict.subject.value);
    }
    return told;
  }
};

struct Way {
  std::vector<std::string> arguments;
  std::string told;
};

// ---- trace

constexpr char kNoTrace[] =
    "{name: no-trace, trace: {operations: [ptrace, process-vm-read, process-vm-write, "
    "pidfd-getfd, proc-mem]}}";

std::vector<Way> TraceWays(const std::string& pid) {
  return {{{"ptrace", pid}, "ptrace of "},           {{"ptrace32", pid}, "ptrace of "},
          {{"vm-read", pid}, "process-vm-read of "}, {{"vm-write", pid}, "process-vm-write of "},
          {{"getfd", pid}, "pidfd-getfd of "},       {{"mem", pid, "r"}, "proc-mem of "},
          {{"mem", pid, "rw"}, "proc-mem of "}};
}

TEST_F(ActRuleTest, EachWayToTraceIsRefused) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(Enforce(kNoTrace));
  for (const Way& way : TraceWays(resident.pid())) {
    const std::string& what = way.arguments[0];
    EXPECT_EQ(Act(container, way.arguments), EPERM) << what;
    EXPECT_THAT(Told(Stage::kTrace, true),
                ElementsAre(testing::AllOf(StartsWith(way.told),
                                           EndsWith("/sleep[" + resident.pid() + "]"))))
        << what;
  }
}

TEST_F(ActRuleTest, AuditTellsOfEachWayToTraceOnce) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(Audited(Enforce(kNoTrace)));
  for (const Way& way : TraceWays(resident.pid())) {
    EXPECT_EQ(Act(container, way.arguments), 0) << way.arguments[0];
    EXPECT_THAT(Told(Stage::kTrace, false), ElementsAre(StartsWith(way.told))) << way.arguments[0];
  }
}

TEST_F(ActRuleTest, WhoAsksToBeTracedIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-ptrace, trace: {operations: [ptrace]}}"));

  EXPECT_EQ(Act(container, {"traceme"}), EPERM);

  EXPECT_THAT(
      Told(Stage::kTrace, true),
      ElementsAre(testing::AllOf(StartsWith("ptrace by "),
                                 EndsWith("kernel_tests[" + std::to_string(getpid()) + "]"))));
}

TEST_F(ActRuleTest, OnesOwnMemoryIsNotWrittenByItsFileEither) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce(kNoTrace));

  EXPECT_EQ(Act(container, {"mem", "self", "rw"}), EPERM);
  EXPECT_THAT(Told(Stage::kTrace, true), ElementsAre(StartsWith("proc-mem of /")));
  EXPECT_EQ(Act(container, {"mem", "self", "r"}), 0);
}

TEST_F(ActRuleTest, OnlyTheOperationsOfTheRuleAreRefused) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(Enforce("{name: no-write, trace: {operations: [process-vm-write]}}"));

  EXPECT_EQ(Act(container, {"vm-read", resident.pid()}), 0);
  EXPECT_EQ(Act(container, {"ptrace", resident.pid()}), 0);
  EXPECT_EQ(Act(container, {"mem", resident.pid(), "rw"}), 0);
  EXPECT_EQ(Act(container, {"vm-write", resident.pid()}), EPERM);
  EXPECT_THAT(Told(Stage::kTrace, true), ElementsAre(StartsWith("process-vm-write of ")));
}

TEST_F(ActRuleTest, LookingAtAProcessIsNotTracingIt) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(Enforce(kNoTrace));
  const std::string proc = "/proc/" + resident.pid();

  EXPECT_EQ(Sh(container, "cat " + proc + "/maps " + proc + "/environ " + proc + "/stack " + proc +
                              "/syscall >/dev/null && ls -l " + proc + "/fd >/dev/null"),
            0);
  EXPECT_THAT(Told(Stage::kTrace, true), IsEmpty());
}

TEST_F(ActRuleTest, AnExceptedDebuggerTraces) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(
      Enforce("{name: no-ptrace, trace: {operations: [ptrace]}, exceptions: "
              "[{executables: [/**/act_victim]}]}"));

  EXPECT_EQ(Act(container, {"ptrace", resident.pid()}), 0);
  EXPECT_THAT(Told(Stage::kTrace, true), IsEmpty());
}

TEST_F(ActRuleTest, TheHostIsNotJudged) {
  const Sandbox container;
  const Resident resident(container);
  Node::Get().SetPolicy(Enforce(kNoTrace));

  EXPECT_EQ(Wait(StartChild([&] { return ExecHere({ActVictim(), "ptrace", resident.pid()}); })), 0);
}

// ---- namespace

constexpr char kNoNamespace[] = "{name: no-namespace, namespace: {}}";

std::vector<Way> WaysToMakeNamespaces() {
  const struct {
    uint64_t flag;
    const char* kind;
  } kinds[] = {{CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWIPC, "ipc"}, {CLONE_NEWNS, "mnt"},
               {CLONE_NEWNET, "net"},       {CLONE_NEWPID, "pid"}, {CLONE_NEWTIME, "time"},
               {CLONE_NEWUSER, "user"},     {CLONE_NEWUTS, "uts"}};
  std::vector<Way> ways;
  for (const auto& [flag, kind] : kinds)
    for (const std::string call : {"clone", "clone3", "unshare", "unshare32"}) {
      if (call == "clone" && flag == CLONE_NEWTIME) continue;  // there it is a signal's number
      ways.push_back({{call, std::to_string(flag)},
                      (call.starts_with("clone") ? "clone " : "unshare ") + std::string(kind)});
    }
  const std::string several = std::to_string(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP);
  ways.push_back({{"clone", several}, "clone cgroup,mnt,user"});
  ways.push_back({{"unshare", several}, "unshare cgroup,mnt,user"});
  ways.push_back({{"unshare32", several}, "unshare cgroup,mnt,user"});
  return ways;
}

std::string Words(const Way& way) { return way.arguments[0] + " " + way.told; }

TEST_F(ActRuleTest, EachWayToMakeANamespaceIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce(kNoNamespace));
  for (const Way& way : WaysToMakeNamespaces()) {
    EXPECT_EQ(Act(container, way.arguments), EPERM) << Words(way);
    EXPECT_THAT(Told(Stage::kNamespace, true), ElementsAre(way.told)) << Words(way);
  }
}

TEST_F(ActRuleTest, AuditTellsOfEachNamespaceThatIsMadeOnce) {
  const Sandbox container;
  Node::Get().SetPolicy(Audited(Enforce(kNoNamespace)));
  for (const Way& way : WaysToMakeNamespaces()) {
    EXPECT_EQ(Act(container, way.arguments), 0) << Words(way);
    EXPECT_THAT(Told(Stage::kNamespace, false), ElementsAre(way.told)) << Words(way);
  }
}

std::vector<Way> WaysToEnterNamespaces(const std::string& pid) {
  std::vector<Way> ways;
  const std::string folder = "/proc/" + pid + "/ns/";
  for (const std::string kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"})
    ways.push_back({{"setns", folder + kind}, "setns " + kind});
  return ways;
}

TEST_F(ActRuleTest, EachNamespaceThatIsEnteredIsRefused) {
  const Sandbox container;
  const Resident other(container, {"/usr/bin/unshare", "-CimunpT", "-U", "/bin/sleep", "600"});
  Node::Get().SetPolicy(Enforce(kNoNamespace));
  for (const Way& way : WaysToEnterNamespaces(other.pid())) {
    EXPECT_EQ(Act(container, way.arguments), EPERM) << way.told;
    EXPECT_THAT(Told(Stage::kNamespace, true), ElementsAre(way.told));
  }
}

TEST_F(ActRuleTest, AuditTellsOfEachNamespaceThatIsEnteredOnce) {
  const Sandbox container;
  const Resident other(container, {"/usr/bin/unshare", "-CimunpT", "-U", "/bin/sleep", "600"});
  Node::Get().SetPolicy(Audited(Enforce(kNoNamespace)));
  for (const Way& way : WaysToEnterNamespaces(other.pid())) {
    EXPECT_EQ(Act(container, way.arguments), 0) << way.told;
    EXPECT_THAT(Told(Stage::kNamespace, false), ElementsAre(way.told));
  }
  EXPECT_EQ(
      Act(container, {"setns-pidfd", other.pid(), std::to_string(CLONE_NEWNET | CLONE_NEWUTS)}), 0);
  EXPECT_THAT(Told(Stage::kNamespace, false),
              testing::UnorderedElementsAre("setns net", "setns uts"));
}

TEST_F(ActRuleTest, OnlyTheKindsAndOperationsOfTheRuleAreRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(
      Enforce("{name: no-net, namespace: {kinds: [net, user], operations: [unshare]}}"));

  EXPECT_EQ(Act(container, {"unshare", std::to_string(CLONE_NEWUTS)}), 0);
  EXPECT_EQ(Act(container, {"clone", std::to_string(CLONE_NEWNET)}), 0);
  EXPECT_EQ(Act(container, {"setns", "/proc/1/ns/net"}), 0);
  EXPECT_EQ(Act(container, {"unshare", std::to_string(CLONE_NEWUTS | CLONE_NEWNET)}), EPERM);
  EXPECT_THAT(Told(Stage::kNamespace, true), ElementsAre("unshare net,uts"));
}

// The kernel said no before it asked for CAP_SYS_ADMIN: what was noted is for no other call.
TEST_F(ActRuleTest, ASetnsThatFailedByItselfStandsForNothingElse) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce(kNoNamespace));

  EXPECT_EQ(Act(container, {"setns-then-mount"}), 0);
  EXPECT_THAT(Told(Stage::kNamespace, true), IsEmpty());
}

TEST_F(ActRuleTest, WhatAllowsNamesAllThatIsMade) {
  const Sandbox container;
  Node::Get().SetPolicy(DenyByDefault(
      R"(  - {name: own-user, action: allow, namespace: {kinds: [user, uts], operations: [unshare]}}
)"));

  EXPECT_EQ(Act(container, {"unshare", std::to_string(CLONE_NEWUSER)}), 0);
  EXPECT_EQ(Act(container, {"unshare", std::to_string(CLONE_NEWUSER | CLONE_NEWUTS)}), 0);
  EXPECT_EQ(Act(container, {"unshare", std::to_string(CLONE_NEWUSER | CLONE_NEWNET)}), EPERM);
  EXPECT_EQ(Act(container, {"clone", std::to_string(CLONE_NEWUSER)}), EPERM);
}

// ---- credential

// The victim as a program that anybody may start and that has rights of its own.
class Raising {
 public:
  explicit Raising(mode_t mode, const std::string& capability = "") {
    EXPECT_EQ(ShOnHost("mkdir -p /opt/raising && cp " + ActVictim() + " " + path()), 0);
    EXPECT_EQ(chmod(path().c_str(), mode), 0);
    if (!capability.empty())
      EXPECT_EQ(ShOnHost("setcap " + capability + " " + path() + " || /usr/sbin/setcap " +
                         capability + " " + path()),
                0);
  }
  ~Raising() { EXPECT_EQ(ShOnHost("rm -rf /opt/raising"), 0); }
  static std::string path() { return "/opt/raising/act_victim"; }
};

// Starts it as uid 65534; the shell's exit code: 99 when it runs, for it is given nothing to do.
int AsNobody(const Sandbox& container, const std::string& program) {
  return Wait(container.Exec(
      {"/usr/bin/setpriv", "--reuid", "65534", "--clear-groups", "/bin/sh", "-c", program}));
}
constexpr int kRan = 99, kNotStarted = 126;

TEST_F(ActRuleTest, ASetuidProgramIsRefused) {
  const Sandbox container;
  const Raising program(04755);
  Node::Get().SetPolicy(Enforce("{name: no-root, credential: {toUids: [0]}}"));

  EXPECT_EQ(AsNobody(container, Raising::path()), kNotStarted);
  EXPECT_THAT(Told(Stage::kCredential, true),
              ElementsAre(testing::AllOf(StartsWith("uid 65534 -> 0 gains CAP_CHOWN,"),
                                         EndsWith(" by " + Raising::path()))));
  EXPECT_EQ(Wait(container.Exec({Raising::path()})), kRan);  // root is root already
  Node::Get().SetPolicy(Audited(Enforce("{name: no-root, credential: {toUids: [0]}}")));
  EXPECT_EQ(AsNobody(container, Raising::path()), kRan);
  EXPECT_THAT(Told(Stage::kCredential, false), ElementsAre(StartsWith("uid 65534 -> 0 ")));
}

TEST_F(ActRuleTest, AProgramWithCapabilitiesOfItsOwnIsRefused) {
  const Sandbox container;
  const Raising program(0755, "cap_net_raw+ep");
  Node::Get().SetPolicy(Enforce("{name: no-raw, credential: {capabilities: [CAP_NET_RAW]}}"));

  EXPECT_EQ(AsNobody(container, Raising::path()), kNotStarted);
  EXPECT_THAT(Told(Stage::kCredential, true),
              ElementsAre("gains CAP_NET_RAW by " + Raising::path()));
  Node::Get().SetPolicy(Enforce("{name: no-admin, credential: {capabilities: [CAP_SYS_ADMIN]}}"));
  EXPECT_EQ(AsNobody(container, Raising::path()), kRan);
}

TEST_F(ActRuleTest, AnotherUidByASystemCallIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-change, credential: {toUids: [1000, 1001]}}"));

  EXPECT_EQ(Act(container, {"setuid", "1000"}), EPERM);
  EXPECT_EQ(Act(container, {"setfsuid", "1001"}), EPERM);
  EXPECT_THAT(Told(Stage::kCredential, true), ElementsAre("uid 0 -> 1000", "uid 0 -> 1001"));
  EXPECT_EQ(Act(container, {"setuid", "1002"}), 0);
  EXPECT_EQ(Act(container, {"setuid", "0"}), 0);
  Node::Get().SetPolicy(Audited(Enforce("{name: no-change, credential: {}}")));
  EXPECT_EQ(Act(container, {"setuid", "1000"}), 0);
  EXPECT_THAT(Told(Stage::kCredential, false), ElementsAre("uid 0 -> 1000"));
}

}  // namespace
}  // namespace nestor
