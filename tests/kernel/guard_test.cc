// SPDX-License-Identifier: Apache-2.0
// Pods do not get at nestor itself, and each try is told.
#include <unistd.h>

#include <set>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using GuardTest = DecideTest;

// What a privileged pod with a pid namespace of its own may do to others' BPF objects.
TEST_F(GuardTest, APodDoesNotGetAtNestorItself) {
  const Sandbox container;
  const char* const open_all = R"(
import ctypes, errno, struct
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, *words):
    attributes = ctypes.create_string_buffer(struct.pack(f'{len(words)}I', *words), 128)
    got = libc.syscall(321, command, attributes, 128)
    return got, ctypes.get_errno() if got < 0 else 0, attributes.raw
refused = 0
for following, opening in ((12, 14), (11, 13), (31, 30)):
    number, got = 0, 0
    while got >= 0:
        got, error, raw = bpf(following, number)
        number = struct.unpack_from('I', raw, 4)[0]
        if got >= 0 and bpf(opening, number)[1] == errno.EPERM:
            refused += 1
print(refused, 'refused')
exit(0 if refused > 50 else 1)
)";
  EXPECT_EQ(Wait(container.Exec({"/usr/bin/unshare", "-pf", "/usr/bin/python3", "-c", open_all})),
            0);
  const std::string signal = "kill -CONT " + std::to_string(getpid());
  const std::vector<std::string> without = {"/usr/bin/setpriv", "--bounding-set", "-sys_admin",
                                            "/bin/sh", "-c"};
  std::vector<std::string> command = without;
  command.push_back(signal);
  EXPECT_NE(Wait(container.Exec(command)), 0);
  command.back() = "head -c1 /proc/" + std::to_string(getpid()) + "/mem";
  EXPECT_NE(Wait(container.Exec(command)), 0);
  EXPECT_EQ(ShOnHost(signal), 0);

  std::set<Guarded> tried;
  for (const GuardRecord& guard : Only<GuardRecord>(Node::Get().Drain(
           [](const std::vector<Record>& all) { return Only<GuardRecord>(all).size() > 50; }))) {
    EXPECT_TRUE(guard.applied);
    tried.insert(guard.target);
  }
  EXPECT_THAT(tried, testing::IsSupersetOf(
                         {Guarded::kMap, Guarded::kProgram, Guarded::kLink, Guarded::kProcess}));
}

TEST_F(GuardTest, APodDoesNotChangeWhatNestorGoesBy) {
  const Sandbox container;
  const std::string as_pod = "setpriv --bounding-set -sys_admin sh -c ";
  const std::string guarded = kGuardedDirectory;
  for (const std::string& command :
       {"echo x > " + guarded + "/one.yaml", "echo x > " + guarded + "/two.yaml",
        "rm " + guarded + "/one.yaml", "mv " + guarded + "/one.yaml /tmp/x",
        "mv " + guarded + " /opt/x", "ln -s /etc/passwd " + guarded + "/two.yaml",
        "chmod 777 " + guarded + "/one.yaml"}) {
    EXPECT_NE(Sh(container, as_pod + "'" + command + "'"), 0) << command;
  }
  EXPECT_EQ(Sh(container, as_pod + "'cat " + guarded + "/one.yaml'"), 0);
  EXPECT_EQ(Sh(container, as_pod + "'echo x > " + guarded + "-not'"), 0);
  EXPECT_EQ(ShOnHost("echo x > " + guarded + "/two.yaml && rm " + guarded + "/two.yaml"), 0);

  const auto guards = Only<GuardRecord>(Node::Get().Drain(
      [](const std::vector<Record>& all) { return Only<GuardRecord>(all).size() == 7; }));
  EXPECT_EQ(guards.size(), 7u);
  for (const GuardRecord& guard : guards) {
    EXPECT_TRUE(guard.applied);
    EXPECT_EQ(guard.target, Guarded::kFile);
  }
}

// decide_open does guard_open's work while it is attached.
TEST_F(GuardTest, OneProgramGuardsAnOpenWhileThereAreFileRulesAndAnotherBeforeAndAfter) {
  const Sandbox container;
  const std::string write = "setpriv --bounding-set -sys_admin sh -c 'echo x > " +
                            std::string(kGuardedDirectory) + "/one.yaml'";
  const std::string about_files =
      Enforce("{name: no-secret, file: {paths: [/opt/guarded/secret]}}");
  const std::string about_others = Enforce("{name: no-tool, exec: {paths: [/opt/tool]}}");
  for (const std::string& rules : {about_others, about_files, about_others}) {
    Node::Get().SetPolicy(rules);
    EXPECT_NE(Sh(container, write), 0);
    const auto tried = Only<GuardRecord>(Node::Get().Drain(
        [](const std::vector<Record>& all) { return !Only<GuardRecord>(all).empty(); }));
    EXPECT_EQ(tried.size(), 1u);
  }
}

}  // namespace
}  // namespace nestor
