// SPDX-License-Identifier: Apache-2.0
// exec, exit: what a record holds.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

using testing::ElementsAre;

TEST(ProbesTest, EveryProgramIsAttached) {
  for (const Capability& capability : Node::Get().probes().capabilities()) {
    if (capability.name == "pinned-state") continue;  // restart_test.cc
    EXPECT_TRUE(capability.available) << capability.name << ": " << capability.detail;
  }
}

class ExecTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }
};

TEST_F(ExecTest, OneExecGivesOneRecordWithItsArguments) {
  const pid_t child = StartChild([] {
    if (chdir("/usr") != 0) return 1;
    return ExecHere({"/bin/true", "one", "two words", ""});
  });
  EXPECT_EQ(Wait(child), 0);

  const auto execs = ExecsOf(Node::Get().DrainUntilExit(static_cast<uint32_t>(child)), "/bin/true");
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_THAT(execs[0].argv, ElementsAre("/bin/true", "one", "two words", ""));
  EXPECT_EQ(execs[0].argc, 4u);
  EXPECT_EQ(execs[0].cwd.value, "/usr");
  EXPECT_EQ(execs[0].actor.self.tgid, static_cast<uint32_t>(child));
  EXPECT_EQ(execs[0].actor.parent.tgid, static_cast<uint32_t>(getpid()));
  EXPECT_EQ(execs[0].actor.uid, 0u);
  EXPECT_FALSE(execs[0].argv_truncated);
}

TEST_F(ExecTest, LongArgumentsAreWholeUpToTheBoundAndFlaggedBeyond) {
  const std::string long_one(20'000, 'x'), too_long(60'000, 'y');
  const pid_t whole = StartChild([&] { return ExecHere({"/bin/true", long_one}); });
  EXPECT_EQ(Wait(whole), 0);
  const auto first = ExecsOf(Node::Get().DrainUntilExit(static_cast<uint32_t>(whole)), "true");
  const pid_t cut = StartChild([&] { return ExecHere({"/bin/true", too_long}); });
  EXPECT_EQ(Wait(cut), 0);
  const auto second = ExecsOf(Node::Get().DrainUntilExit(static_cast<uint32_t>(cut)), "true");

  ASSERT_EQ(first.size(), 1u);
  EXPECT_THAT(first[0].argv, ElementsAre("/bin/true", long_one));
  EXPECT_FALSE(first[0].argv_truncated);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_TRUE(second[0].argv_truncated);
  EXPECT_EQ(second[0].argv_bytes, 10 + 1 + 60'000 + 0u);
}

TEST_F(ExecTest, AFileThatIsGoneAndAScriptAreSeenByTheirPaths) {
  {
    std::ofstream script("/tmp/kernel-test.sh");
    script << "#!/bin/sh\nexit 3\n";
  }
  ASSERT_EQ(system("chmod +x /tmp/kernel-test.sh"), 0);
  const pid_t child = StartChild([] { return ExecHere({"/tmp/kernel-test.sh", "a"}); });
  EXPECT_EQ(Wait(child), 3);

  const auto records = Node::Get().DrainUntilExit(static_cast<uint32_t>(child));
  const auto execs = Only<ExecRecord>(records);
  ASSERT_FALSE(execs.empty());
  EXPECT_THAT(execs.back().argv, ElementsAre("/bin/sh", "/tmp/kernel-test.sh", "a"));
  unlink("/tmp/kernel-test.sh");
}

TEST(ExitTest, CodeAndSignalAreTold) {
  const pid_t coded = StartChild([] { return ExecHere({"/bin/sh", "-c", "exit 7"}); });
  EXPECT_EQ(Wait(coded), 7);
  const auto first = Only<ExitRecord>(Node::Get().DrainUntilExit(static_cast<uint32_t>(coded)));
  const pid_t killed = StartChild([] { return ExecHere({"/bin/sh", "-c", "kill -TERM $$"}); });
  EXPECT_EQ(Wait(killed), 1000 + SIGTERM);
  const auto second = Only<ExitRecord>(Node::Get().DrainUntilExit(static_cast<uint32_t>(killed)));

  ASSERT_FALSE(first.empty());
  EXPECT_EQ(first.back().code, 7u);
  EXPECT_EQ(first.back().signal, 0u);
  EXPECT_GT(first.back().run_ns, 0u);
  ASSERT_FALSE(second.empty());
  EXPECT_EQ(second.back().signal, static_cast<uint32_t>(SIGTERM));
}

}  // namespace
}  // namespace nestor
