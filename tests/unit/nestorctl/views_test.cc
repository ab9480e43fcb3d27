// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/nestorctl/sample.h"
#include "tools/nestorctl/agents.h"
#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/doctor.h"
#include "tools/nestorctl/event_line.h"
#include "tools/nestorctl/explain.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/status_text.h"
#include "tools/nestorctl/table.h"

namespace nestor::ctl {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ViewsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    UseUnicodeWidths();
    setenv("TZ", "UTC", 1);
    tzset();
  }

  static v1::Event Event(const std::string& type) {
    v1::Event event;
    event.set_seq(12);
    *event.mutable_time() = ToTimestamp(sample::kNow);
    event.set_type(type);
    event.set_chain_id("00d14f2a91c00001");
    event.set_depth(1);
    event.set_confidence("exact");
    *event.mutable_process() = sample::Process(4160, {"cat", "/etc/shadow"});
    event.mutable_process()->set_exe("/usr/bin/cat");
    *event.mutable_workload() = sample::Container("main");
    return event;
  }

  static std::string Text(const v1::Event& event) {
    return EventLine(event, sample::kNow, 0).Render(0, false);
  }

  static v1::Capability Capability(const std::string& name, bool available, bool required) {
    v1::Capability capability;
    capability.set_name(name);
    capability.set_available(available);
    capability.set_required(required);
    capability.set_detail("detail of " + name);
    capability.set_effect("effect of " + name);
    capability.set_fix("fix of " + name);
    return capability;
  }
};

TEST_F(ViewsTest, ExecEventIsOneAlignedLine) {
  EXPECT_EQ(Text(Event("exec")),
            "14:13:20.000 exec      91c00001 +1 team-a/web-0/main            4160 cat /etc/shadow");
}

TEST_F(ViewsTest, AnAgentThatStartsIsMarked) {
  v1::Event event = Event("exec");
  event.mutable_process()->set_agent("codex");
  event.mutable_process()->set_agent_depth(2);

  EXPECT_THAT(Text(event), testing::EndsWith("4160 cat /etc/shadow  [codex, depth 2]"));
}

TEST_F(ViewsTest, NarrowTerminalLeavesRoomForWhatHappened) {
  EXPECT_EQ(EventLine(Event("exec"), sample::kNow, 80).Render(80, false),
            "14:13:20 exec      91c00001 +1 web-0/main       4160 cat /etc/shadow");
}

TEST_F(ViewsTest, EachKindOfEventSaysWhatHappened) {
  v1::Event exit = Event("exit");
  exit.mutable_exit()->set_signal(9);
  exit.mutable_exit()->set_run_ns(3'400'000'000);
  v1::Event connect = Event("connect");
  connect.mutable_socket()->set_peer("10.0.3.8:22");
  connect.mutable_socket()->set_family("inet");
  connect.mutable_socket()->set_type("stream");
  connect.mutable_socket()->set_result(-111);
  v1::Event file = Event("file");
  file.mutable_file()->set_path("/etc/passwd");
  file.mutable_file()->set_access("read");
  v1::Event verdict = Event("verdict");
  *verdict.mutable_verdict() = sample::Denied("/etc/shadow");
  v1::Event loss;
  loss.set_type("loss");
  loss.mutable_loss()->set_where("bulk-ring");
  loss.mutable_loss()->set_count(3);
  loss.mutable_loss()->set_total(9);

  EXPECT_THAT(Text(exit), HasSubstr("cat[4160] killed by SIGKILL after 3.4s"));
  EXPECT_THAT(Text(connect), HasSubstr("cat[4160] 10.0.3.8:22 inet stream ECONNREFUSED"));
  EXPECT_THAT(Text(file), HasSubstr("cat[4160] read /etc/passwd"));
  EXPECT_THAT(Text(verdict), HasSubstr("cat[4160] ✗ denied by protect-credentials/"));
  EXPECT_THAT(Text(loss), HasSubstr("3 events lost at bulk-ring (9 in all)"));
}

TEST_F(ViewsTest, AHeartbeatIsALineOfItsOwnKind) {
  v1::Event event;
  event.set_type("heartbeat");
  event.mutable_heartbeat()->set_number(7);
  event.mutable_heartbeat()->set_first_seq(12);
  event.mutable_heartbeat()->set_last_seq(40);
  EXPECT_THAT(Text(event), HasSubstr("heartbeat -"));
  EXPECT_THAT(Text(event), testing::EndsWith("number 7  seq 12 to 40"));

  event.mutable_heartbeat()->set_losses(3);
  event.mutable_heartbeat()->set_final(true);
  EXPECT_THAT(Text(event),
              testing::EndsWith("seq 12 to 40  3 lost  the last one: nestord ends on purpose"));
}

TEST_F(ViewsTest, AGapIsASentence) {
  v1::Event event;
  event.set_type("gap");
  v1::Gap& gap = *event.mutable_gap();
  gap.set_earlier("known");
  gap.set_ending("killed");
  gap.set_kernel("kept");
  gap.set_same_boot(true);
  gap.set_previous_number(12);
  gap.set_previous_seq(340);
  gap.set_previous_boot_ns(1'000'000'000);
  gap.set_boot_ns(4'400'000'000);
  gap.set_losses(2);
  EXPECT_THAT(Text(event),
              HasSubstr("nestord was killed or crashed; last heartbeat 12 (seq 340), 3.4s before "
                        "this start; rules and programs stayed in force; 2 events lost"));

  gap.set_same_boot(false);
  gap.set_time_ns(60'000'000'000);
  gap.set_ending("on-purpose");
  gap.set_kernel("nothing");
  gap.set_losses(0);
  EXPECT_THAT(Text(event), HasSubstr("nestord was ended on purpose; last heartbeat 12 (seq 340), "
                                     "1m before this start, another boot; nothing was in force "
                                     "meanwhile"));

  for (const auto& [word, said] : std::map<std::string, std::string>{
           {"none", "no earlier heartbeat: a first start, or the state was removed"},
           {"unreadable", "the last heartbeat's file is none that nestord wrote"},
           {"not-ours", "the last heartbeat is not signed by this node's key"},
           {"unusable", "the directory of the last heartbeat can't be used"}}) {
    gap.set_earlier(word);
    EXPECT_THAT(Text(event), HasSubstr(said));
  }
}

TEST_F(ViewsTest, EventJsonHasItsSimpleFieldsAlwaysAndItsPartsWhenPresent) {
  v1::Event event = Event("exec");
  event.set_depth(0);
  event.set_confidence("");

  const json parsed = json::parse(*ToJsonLine(event));

  EXPECT_EQ(parsed.at("seq"), "12");
  EXPECT_EQ(parsed.at("depth"), 0);
  EXPECT_EQ(parsed.at("confidence"), "");
  EXPECT_EQ(parsed.at("chain_id"), "00d14f2a91c00001");
  EXPECT_EQ(parsed.at("time"), "2026-09-21T14:13:20Z");
  EXPECT_EQ(parsed.at("process").at("argv_truncated"), false);
  EXPECT_FALSE(parsed.contains("verdict"));
  EXPECT_FALSE(parsed.contains("hop"));
}

TEST_F(ViewsTest, EventJsonIsOneLineThatNoTerminalObeys) {
  v1::Event event = Event("exec");
  event.mutable_process()->add_argv("\n\x1b[2J\u202e -> x");

  const std::string line = *ToJsonLine(event);

  EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_THAT(line, HasSubstr(R"(\n\u001b[2J\u202e -> x)"));
  EXPECT_EQ(json::parse(line).at("process").at("argv").at(2), "\n\x1b[2J\u202e -> x");
}

TEST_F(ViewsTest, NoChainsAreStillAList) {
  EXPECT_EQ(json::parse(*ToJsonDocument(v1::ListChainsResponse())),
            json::parse(R"({"chains":[]})"));
}

TEST_F(ViewsTest, ChainTableCountsDenials) {
  EXPECT_EQ(Render(ChainTable({sample::Story()}, sample::kNow), 0, false),
            R"(CHAIN             ORIGIN        AGE  HOPS  LIVE  DENIED  STATE  BEGAN IN
00d14f2a91c00001  runtime-exec  3m   2     3     1       alive  team-a/web-0/ssh
)");
}

TEST_F(ViewsTest, AgentsStandUnderTheirContainerWithTheirDepth) {
  v1::ListAgentsResponse response;
  *response.add_agents() = sample::Agent("claude", 41, 1, "main");
  *response.add_agents() = sample::Agent("aider", 30, 1, "aux");
  v1::Agent& nested = *response.add_agents() = sample::Agent("codex", 52, 2, "main");
  nested.set_above("claude");
  nested.set_above_process_id("5f5e100-41");
  nested.set_alive(false);
  nested.mutable_exit()->set_code(1);

  EXPECT_EQ(Render(RenderAgents(response, sample::kNow), 0, false),
            R"(  AGENT    DEPTH  PID  AGE  STATE   CHAIN     STARTED BY  BELOW       COMMAND
team-a/web-0/aux
  aider    1      30   3m   alive   91c00001  bash[29]    -           aider -p $'say \x1b[31mhi'
team-a/web-0/main
  claude   1      41   3m   alive   91c00001  bash[40]    -           claude -p $'say \x1b[31mhi'
    codex  2      52   3m   exit 1  91c00001  bash[51]    claude[41]  codex -p $'say \x1b[31mhi'
)");
}

TEST_F(ViewsTest, ExplanationTellsEachHopItsEvidenceAndItsConfidence) {
  v1::ExplainResponse response;
  *response.mutable_chain() = sample::Story();
  *response.mutable_process() = response.chain().processes(3);
  *response.mutable_process()->mutable_workload() = sample::Container("main");

  EXPECT_EQ(
      Render(RenderExplanation(response, KnownHops(), sample::kNow), 0, false),
      R"(cat[4160] runs cat /etc/shadow in team-a/web-0/main, 1 hop away from where chain 00d14f2a91c00001 began:
1. runtime-exec: host:runc[88] put bash[4120] into team-a/web-0/ssh, with a terminal; exact  3m ago
   · 4120 bash
   · 4131 ssh -A main@10.0.3.8 'cat $HOME/.token'
2. tcp: main:sshd[4150] serves tcp 10.0.3.7:51544, accepted by sshd[60], from ssh:ssh[4131]; inferred: the only request its thread was serving  3m ago
   · 4150 'sshd: main@pts/0'
   → 4160 cat /etc/shadow  exit 1
     ✗ denied by protect-credentials/no-shadow-access (open /etc/shadow): EPERM
)");
}

TEST_F(ViewsTest, DoctorMarksWhatIsThereWhatIsNotAndWhatIsNeeded) {
  v1::Status status;
  status.set_version("0.1.0");
  status.set_node("n1");
  status.set_kernel_release("6.1.0");
  *status.add_capabilities() = Capability("btf", true, true);
  *status.add_capabilities() = Capability("bpf-lsm", false, true);
  *status.add_capabilities() = Capability("cri", false, false);

  EXPECT_FALSE(IsHealthy(status));
  EXPECT_EQ(Render(RenderDoctor(status), 0, false), R"(nestord 0.1.0 on n1, kernel 6.1.0
✓ btf      detail of btf
✗ bpf-lsm  detail of bpf-lsm
           without it: effect of bpf-lsm
           fix: fix of bpf-lsm
! cri      detail of cri
           without it: effect of cri
           fix: fix of cri
1 required capability is missing: nestord cannot do its main job here
)");
}

TEST_F(ViewsTest, DoctorJsonSaysWhetherNestordWasReached) {
  v1::Status status;
  *status.add_capabilities() = Capability("btf", true, true);

  const json reached = json::parse(*DoctorJson(status));
  const json missed =
      json::parse(DoctorJsonUnreachable(Error::Internal("no \xff socket"), "start it"));

  EXPECT_EQ(reached.at("reachable"), true);
  EXPECT_EQ(reached.at("healthy"), true);
  EXPECT_EQ(reached.at("capabilities").at(0).at("name"), "btf");
  EXPECT_EQ(missed.at("reachable"), false);
  EXPECT_EQ(missed.at("advice"), "start it");
}

TEST_F(ViewsTest, StatusSaysWhyNestordIsNotReady) {
  v1::Status status;
  *status.add_capabilities() = Capability("bpf-lsm", false, true);
  EXPECT_EQ(WhyNotReady(status), "missing bpf-lsm (detail of bpf-lsm)");
  EXPECT_EQ(WhyNotReady(v1::Status()), "still starting");

  const std::string text = Render(RenderStatus(status, sample::kNow), 0, false);
  EXPECT_THAT(text, HasSubstr("not ready: missing bpf-lsm"));
  EXPECT_THAT(text, HasSubstr("losses    none"));
}

TEST_F(ViewsTest, BytesAreToldInBinaryUnits) {
  EXPECT_EQ(FormatBytes(612), "612 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(45'298'483), "43.1 MiB");
}

}  // namespace
}  // namespace nestor::ctl
