// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/tree.h"

#include <gtest/gtest.h>

#include "tests/unit/nestorctl/golden.h"
#include "tests/unit/nestorctl/sample.h"
#include "tools/nestorctl/display_width.h"

namespace nestor::ctl {
namespace {

class TreeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { UseUnicodeWidths(); }

  static std::string Draw(const v1::Chain& chain, size_t columns, bool all = false) {
    return Render(RenderTree({chain}, {.now = sample::kNow, .all = all}), columns, false);
  }

  // A chain of one hop, "0000000000000001", without processes.
  static v1::Chain Bare() {
    v1::Chain chain;
    chain.set_id("0000000000000001");
    chain.set_origin("host-service");
    chain.set_alive(true);
    *chain.mutable_time() = ToTimestamp(sample::kNow);
    sample::AddHop(chain, chain.id(), "", "host-service", "exact");
    return chain;
  }
};

TEST_F(TreeTest, ChainShowsItsHopsProcessesAndDenials) {
  EXPECT_EQ(Draw(sample::Story(), 120), R"(runtime-exec  team-a/web-0/ssh  3m  chain 91c00001
├─ 4120 bash  3m
│  └─ 4131 ssh -A main@10.0.3.8 'cat $HOME/.token'  3m
└─ tcp ~  ssh -> main  by ssh[4131]  3m
   └─ 4150 'sshd: main@pts/0'  3m
      └─ 4160 cat /etc/shadow  exit 1 after 12ms
            ✗ denied by protect-credentials/no-shadow-access (open /etc/shadow): EPERM
)");
}

TEST_F(TreeTest, AgentsCandidatesAndFoldsFitAnyWidth) {
  EXPECT_TRUE(IsGolden("tree-80.txt", Draw(sample::Nested(), 80)));
  EXPECT_TRUE(IsGolden("tree-200.txt", Draw(sample::Nested(), 200)));
  EXPECT_TRUE(IsGolden("tree-200-all.txt", Draw(sample::Nested(), 200, true)));
}

TEST_F(TreeTest, ColourAddsNothingButEscapes) {
  const auto lines = RenderTree({sample::Nested()}, {.now = sample::kNow, .all = false});

  EXPECT_TRUE(IsGolden("tree-80-colour.txt", Render(lines, 80, true)));
}

TEST_F(TreeTest, NoLineIsWiderThanTheTerminal) {
  for (size_t columns = 20; columns <= 200; columns += 7) {
    for (const Line& line : RenderTree({sample::Nested()}, {.now = sample::kNow, .all = true})) {
      EXPECT_LE(DisplayWidth(line.Render(columns, false)), columns);
    }
  }
}

TEST_F(TreeTest, NarrowTerminalCutsCommandsBeforeTheirAges) {
  EXPECT_EQ(Draw(sample::Story(), 40), R"(runtime-exec  team-a/…  3m  chain 91c00…
├─ 4120 bash  3m
│  └─ 4131 ssh -A main@10.0.3.8 'ca…  3m
└─ tcp ~  ssh -> main  by ssh[4131]  3m
   └─ 4150 'sshd: main@pts/0'  3m
      └─ 4160 cat /et…  exit 1 after 12…
            ✗ denied by protect… (open …
)");
}

TEST_F(TreeTest, SixtyColumnsKeepTheShape) {
  EXPECT_EQ(Draw(sample::Story(), 60), R"(runtime-exec  team-a/web-0/ssh  3m  chain 91c00001
├─ 4120 bash  3m
│  └─ 4131 ssh -A main@10.0.3.8 'cat $HOME/.token'  3m
└─ tcp ~  ssh -> main  by ssh[4131]  3m
   └─ 4150 'sshd: main@pts/0'  3m
      └─ 4160 cat /etc/shadow  exit 1 after 12ms
            ✗ denied by protect-cred… (open /etc/sh…): EPERM
)");
}

TEST_F(TreeTest, AuditVerdictSaysWhatWouldHappen) {
  v1::Chain chain = Bare();
  auto* process = sample::AddProcess(chain, chain.id(), 0, sample::Process(7, {"cat"}));
  *process->add_verdicts() = sample::WouldDeny("/etc/shadow");

  EXPECT_NE(
      Draw(chain, 0).find("! would deny: protect-credentials/no-shadow-access (open /etc/shadow)"),
      std::string::npos);
}

TEST_F(TreeTest, DenialThatCouldNotBeAppliedSaysSo) {
  v1::Chain chain = Bare();
  auto* process = sample::AddProcess(chain, chain.id(), 0, sample::Process(7, {"cat"}));
  *process->add_verdicts() = sample::Denied("/etc/shadow");
  process->mutable_verdicts(0)->set_applied(false);
  process->mutable_verdicts(0)->set_error("no bpf-lsm");

  EXPECT_NE(
      Draw(chain, 0).find("✗ NOT denied though forbidden by "
                          "protect-credentials/no-shadow-access (open /etc/shadow): no bpf-lsm"),
      std::string::npos);
}

TEST_F(TreeTest, EqualVerdictsAreToldOnceWithTheirNumber) {
  v1::Chain chain = Bare();
  auto* process = sample::AddProcess(chain, chain.id(), 0, sample::Process(7, {"cat"}));
  for (int count = 0; count < 3; ++count) *process->add_verdicts() = sample::Denied("/etc/shadow");

  const std::string text = Draw(chain, 0);

  EXPECT_NE(text.find("): EPERM ×3\n"), std::string::npos);
  EXPECT_EQ(text.find("✗"), text.rfind("✗"));
}

TEST_F(TreeTest, ManyQuietEndedProcessesFoldAndTheNewestStay) {
  v1::Chain chain = Bare();
  sample::AddProcess(chain, chain.id(), 0, sample::Process(10, {"bash"}));
  for (uint32_t pid = 11; pid <= 16; ++pid) {
    sample::End(sample::AddProcess(chain, chain.id(), 10, sample::Process(pid, {"ls"})), 0, 0);
  }

  EXPECT_EQ(Draw(chain, 0), R"(host-service  host  0s  chain 00000001
└─ 10 bash  3m
   ├─ … 4 ended
   ├─ 15 ls  exit 0 after 12ms
   └─ 16 ls  exit 0 after 12ms
)");
  EXPECT_NE(Draw(chain, 0, true).find("11 ls"), std::string::npos);
}

TEST_F(TreeTest, EndedProcessWithADenialBelowItNeverFolds) {
  v1::Chain chain = Bare();
  for (uint32_t pid = 11; pid <= 16; ++pid) {
    sample::End(sample::AddProcess(chain, chain.id(), 0, sample::Process(pid, {"sh"})), 0, 9);
  }
  auto* denied = sample::AddProcess(chain, chain.id(), 11, sample::Process(20, {"cat"}));
  *denied->add_verdicts() = sample::Denied("/etc/shadow");
  sample::End(denied, 1, 0);

  const std::string text = Draw(chain, 0);

  EXPECT_NE(text.find("11 sh  killed by SIGKILL"), std::string::npos);
  EXPECT_NE(text.find("… 3 ended"), std::string::npos);
}

TEST_F(TreeTest, ProcessesWhoseParentOrHopIsMissingAreStillShown) {
  v1::Chain chain = Bare();
  sample::AddProcess(chain, chain.id(), 999, sample::Process(30, {"orphan"}));
  sample::AddProcess(chain, "00000000000000ff", 0, sample::Process(31, {"lost"}));
  sample::AddHop(chain, "0000000000000005", "00000000000000fe", "tcp", "");

  const std::string text = Draw(chain, 0);

  EXPECT_NE(text.find("30 orphan"), std::string::npos);
  EXPECT_NE(text.find("31 lost"), std::string::npos);
  EXPECT_NE(text.find("tcp ?"), std::string::npos);
}

TEST_F(TreeTest, ParentsInACircleDoNotHang) {
  v1::Chain chain = Bare();
  sample::AddProcess(chain, chain.id(), 41, sample::Process(40, {"a"}));
  sample::AddProcess(chain, chain.id(), 40, sample::Process(41, {"b"}));
  sample::AddHop(chain, "0000000000000002", "0000000000000003", "tcp", "exact");
  sample::AddHop(chain, "0000000000000003", "0000000000000002", "tcp", "exact");

  EXPECT_NE(Draw(chain, 0).find("41 b"), std::string::npos);
}

TEST_F(TreeTest, ANestWithoutEndIsCutOff) {
  v1::Chain chain = Bare();
  for (uint32_t pid = 1; pid <= 2000; ++pid) {
    sample::AddProcess(chain, chain.id(), pid - 1, sample::Process(pid, {"sh"}));
  }

  EXPECT_NE(Draw(chain, 80).find("…"), std::string::npos);
}

TEST_F(TreeTest, HostileArgumentsCannotWriteOnTheTerminal) {
  v1::Chain chain = Bare();
  sample::AddProcess(chain, chain.id(), 0, sample::Process(9, {"x", "\x1b[2J\u202e"}));

  EXPECT_NE(Draw(chain, 0).find(R"(9 x $'\x1b[2J\xe2\x80\xae')"), std::string::npos);
}

TEST_F(TreeTest, ChainsThatCrossedAHopComeBeforePlainOnes) {
  const auto lines = RenderTree({Bare(), sample::Story()}, {.now = sample::kNow, .all = false});

  EXPECT_EQ(lines.front().Render(12, false), "runtime-exe…");
}

TEST_F(TreeTest, FramesTellHowMuchTheyLeaveOut) {
  const auto lines = FitRows(RenderTree({sample::Story()}, {.now = sample::kNow, .all = false}), 4);

  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines.back().Render(0, false), "… 4 more lines");
}

TEST_F(TreeTest, SummaryCountsWhatIsAliveAndWhatWasDenied) {
  EXPECT_EQ(SummaryLine({sample::Story()}).Render(0, false),
            "1 chain, 2 hops, 3 live processes, 1 denied");
}

}  // namespace
}  // namespace nestor::ctl
