// SPDX-License-Identifier: Apache-2.0
// A file rule holds for the file, by whatever name and way it is reached.
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using FileRuleTest = DecideTest;

TEST_F(FileRuleTest, AnotherNameForAGuardedFileIsRefused) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(
      Enforce("{name: no-secret, file: {paths: [/opt/guarded/secret], access: read}}"));

  EXPECT_NE(Sh(container, "ln /opt/guarded/secret /opt/guarded/other"), 0);
  EXPECT_NE(Sh(container, "mv /opt/guarded/secret /opt/guarded/other"), 0);
  EXPECT_NE(Sh(container, "mv /opt/guarded /opt/elsewhere"), 0);
  EXPECT_EQ(Sh(container, "mkdir /opt/a && mv /opt/a /opt/b && rmdir /opt/b"), 0);
  EXPECT_NE(Sh(container, "cat /proc/self/root/opt/guarded/secret"), 0);
  EXPECT_NE(Sh(container, "unshare -m sh -c 'mount --bind /opt/guarded /mnt && cat /mnt/secret'"),
            0);
  EXPECT_NE(Sh(container,
               "unshare -m sh -c 'mount --bind /opt/guarded/secret /etc/motd && cat /etc/motd'"),
            0);
  EXPECT_NE(Sh(container,
               "unshare -m sh -c 'mount -t tmpfs t /mnt && mkdir /mnt/r && mount --bind / /mnt/r "
               "&& chroot /mnt/r cat /opt/guarded/secret'"),
            0);
  EXPECT_EQ(Sh(container, "ls -l /opt/guarded/secret"), 0);
  EXPECT_EQ(Sh(container, "echo more >> /opt/guarded/secret"), 0);

  std::vector<Stage> stages;
  for (const VerdictRecord& verdict : Verdicts()) {
    EXPECT_TRUE(verdict.applied);
    EXPECT_THAT(verdict.subject.value, testing::StartsWith("/opt/guarded"));
    stages.push_back(verdict.stage);
  }
  EXPECT_THAT(stages, testing::ElementsAre(Stage::kLink, Stage::kRename, Stage::kRename,
                                           Stage::kOpen, Stage::kOpen, Stage::kOpen, Stage::kOpen));
}

TEST_F(FileRuleTest, AFileIsNotChangedByItsNameEither) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(Enforce(
      "{name: keep, file: {paths: [/opt/guarded/secret, /opt/guarded/new], access: write}}"));

  EXPECT_EQ(Sh(container, "cat /opt/guarded/secret"), 0);
  for (const char* command :
       {"rm /opt/guarded/secret", "mv /opt/guarded/secret /tmp/x",
        "mv /etc/motd /opt/guarded/secret", "chmod 777 /opt/guarded/secret",
        "chown 1 /opt/guarded/secret", "touch /opt/guarded/new", "mkdir /opt/guarded/new",
        "ln -s /etc /opt/guarded/new", "ln /etc/motd /opt/guarded/new",
        "python3 -c 'import os; os.truncate(\"/opt/guarded/secret\", 0)'"}) {
    EXPECT_NE(Sh(container, command), 0) << command;
  }
  const auto verdicts = Verdicts();
  EXPECT_EQ(verdicts.size(), 10u);  // that nothing else made them fail
  for (const VerdictRecord& verdict : verdicts) EXPECT_TRUE(verdict.applied);
  EXPECT_EQ(Sh(container, "test -s /opt/guarded/secret && ! test -e /opt/guarded/new"), 0);
  EXPECT_EQ(Sh(container, "touch /opt/guarded/third"), 0);
}

bool IsBefore(int major, int minor) {
  utsname kernel{};
  uname(&kernel);
  int at[2] = {0, 0};
  std::sscanf(kernel.release, "%d.%d", &at[0], &at[1]);
  return at[0] < major || (at[0] == major && at[1] < minor);
}

// Before 6.5 the file below goes by the upper one's path: agent/policy/README.md, Limits.
TEST_F(FileRuleTest, ASecondOverlayIsNoWayToAFileOfTheImage) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(
      Enforce("{name: no-secret, file: {paths: [/opt/guarded/secret], access: read}}"));
  const std::string read_there =
      "unshare -m sh -c 'mkdir -p /opt/work && mount -t overlay o "
      "-o lowerdir=/opt/guarded:/opt/work /mnt && cat /mnt/program > /dev/null && ";

  EXPECT_EQ(Sh(container, read_there + "true'"), 0);
  EXPECT_EQ(Sh(container, read_there + "cat /mnt/secret'") == 0, IsBefore(6, 5));
}

}  // namespace
}  // namespace nestor
