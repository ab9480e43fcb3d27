// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/hop_sentence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/nestorctl/sample.h"

namespace nestor::ctl {
namespace {

using testing::HasSubstr;

v1::HopEnd End(const std::string& container, uint32_t pid, const std::string& exe,
               const std::string& address = "") {
  v1::HopEnd end;
  if (pid != 0) *end.mutable_process() = sample::Process(pid, {exe});
  if (!container.empty()) *end.mutable_workload() = sample::Container(container);
  end.set_address(address);
  return end;
}

v1::ChainHop Hop(const std::string& kind, const v1::HopEnd& from, const v1::HopEnd& to,
                 const std::string& detail = "") {
  v1::ChainHop hop;
  hop.set_id("0000000000000005");
  hop.set_kind(kind);
  *hop.mutable_from() = from;
  *hop.mutable_to() = to;
  hop.set_detail(detail);
  hop.set_confidence("exact");
  return hop;
}

const v1::HopEnd kClient = End("sidecar", 97, "ssh", "10.0.3.7:51544");
const v1::HopEnd kServer = End("main", 812, "sshd", "10.0.3.8:22");
const v1::HopEnd kRuntime = End("", 88, "runc");

struct Sentence {
  v1::ChainHop hop;
  std::string says;
};

class HopSentenceTest : public testing::TestWithParam<Sentence> {};

TEST_P(HopSentenceTest, SaysWhatHappened) {
  EXPECT_EQ(HopSentence(GetParam().hop), GetParam().says);
}

v1::ChainHop Remote() {
  v1::ChainHop hop = Hop("tcp-remote", End("", 0, "", "10.0.9.7:40000"), kServer);
  hop.mutable_remote()->set_node("node-b");
  hop.mutable_remote()->set_hop_id("00d14f2a91c00001");
  hop.mutable_remote()->set_pid(77);
  return hop;
}

v1::ChainHop LoggedIn(const std::string& key, const std::string& certificate) {
  v1::ChainHop hop = Hop("ssh-login", kClient, kServer);
  hop.mutable_login()->set_user("alice");
  hop.mutable_login()->set_method("publickey");
  hop.mutable_login()->set_key(key);
  hop.mutable_login()->set_certificate(certificate);
  return hop;
}

v1::ChainHop ForkedServer() {
  v1::ChainHop hop = Hop("ssh-login", kClient, kServer);
  hop.set_evidence("sshd[60] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from ssh[97]");
  return hop;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, HopSentenceTest,
    testing::Values(
        Sentence{Hop("container-entrypoint", kRuntime, kServer),
                 "sshd[812] is the first process of team-a/web-0/main, started by host:runc[88]"},
        Sentence{Hop("runtime-exec", kRuntime, kServer, "terminal"),
                 "host:runc[88] put sshd[812] into team-a/web-0/main, with a terminal"},
        Sentence{Hop("ssh-login", kClient, kServer),
                 "main:sshd[812] accepted tcp 10.0.3.7:51544 from sidecar:ssh[97]"},
        Sentence{LoggedIn("ssh-ed25519 SHA256:0UBU", ""),
                 "main:sshd[812] accepted tcp 10.0.3.7:51544 from sidecar:ssh[97], for alice "
                 "(publickey ssh-ed25519 SHA256:0UBU)"},
        Sentence{LoggedIn("ssh-ed25519 SHA256:0UBU", "alice@corp (serial 7)"),
                 "main:sshd[812] accepted tcp 10.0.3.7:51544 from sidecar:ssh[97], for alice "
                 "(publickey, certificate alice@corp (serial 7))"},
        Sentence{ForkedServer(),
                 "main:sshd[812] serves tcp 10.0.3.7:51544, accepted by sshd[60], from "
                 "sidecar:ssh[97]"},
        Sentence{Hop("ssh-login", End("", 0, "", "203.0.113.9:5000"), kServer),
                 "team-a/web-0/main:sshd[812] accepted tcp 203.0.113.9:5000 from elsewhere"},
        Sentence{Hop("tcp", kClient, kServer, "translated shared"),
                 "main:sshd[812] accepted tcp 10.0.3.7:51544 from sidecar:ssh[97], through a "
                 "translated address, on a connection that others use"},
        Sentence{Remote(),
                 "team-a/web-0/main:sshd[812] accepted tcp 10.0.9.7:40000 from process 77 on node "
                 "node-b, in its hop 00d14f2a91c00001"},
        Sentence{
            Hop("unix-socket", End("sidecar", 97, "ctl"), End("main", 9, "srv", "/run/a.sock")),
            "main:srv[9] accepted unix /run/a.sock from sidecar:ctl[97]"},
        Sentence{Hop("fd-pass", End("sidecar", 97, "broker"), End("main", 9, "worker", "@bus")),
                 "main:worker[9] got unix @bus as a descriptor from sidecar:broker[97]"},
        Sentence{Hop("namespace", End("main", 44, "nsenter"), End("", 44, "bash"), "mnt net"),
                 "team-a/web-0/main:nsenter[44] entered other namespaces (mnt net): "
                 "team-a/web-0/main -> host"},
        Sentence{
            Hop("credential", End("main", 44, "sudo"), End("main", 45, "bash"), "uid 1000 -> 0"),
            "main:sudo[44] (uid 1000 -> 0) runs bash[45]"},
        Sentence{Hop("credential", End("main", 44, "su"), End("main", 44, "su"), "uid 0 -> 33"),
                 "main:su[44] (uid 0 -> 33) goes on with other rights"},
        Sentence{Hop("trace", End("main", 50, "gdb"), End("main", 12, "app"), "ptrace"),
                 "main:gdb[50] took hold of main:app[12] by ptrace"},
        Sentence{Hop("delegated", End("main", 50, "cron"), End("main", 51, "sh")),
                 "main:cron[50] started sh[51] for somebody who is not known"},
        Sentence{Hop("host-service", End("", 1, "systemd"), End("", 700, "kubelet")),
                 "host:systemd[1] started kubelet[700]"},
        Sentence{Hop("host-service", End("", 0, ""), End("", 700, "kubelet")),
                 "an unknown process started kubelet[700]"},
        Sentence{Hop("pre-existing", End("", 0, ""), kServer),
                 "team-a/web-0/main:sshd[812] ran before nestord started"}));

TEST(HopSentenceTest, WhatIsNotKnownHasItsEvidence) {
  v1::ChainHop unheard = Hop("teleport", kClient, kServer);
  unheard.set_evidence("seen to vanish");

  EXPECT_EQ(HopSentence(unheard), "seen to vanish");
  EXPECT_EQ(HopSentence(v1::ChainHop()), "nothing more is known");
}

TEST(HopLinesTest, AnAmbiguousHopListsItsCandidatesAndNamesNone) {
  v1::Chain one = sample::Story(), other;
  other.set_id("0000000000000007");
  other.set_origin("container-entrypoint");
  *other.mutable_workload() = sample::Container("job");
  sample::AddHop(other, other.id(), "", "container-entrypoint", "exact");
  KnownHops known;
  known.Add(one);
  known.Add(other);
  v1::ChainHop hop = Hop("tcp", End("main", 9, "gateway"), End("main", 10, "sh"));
  hop.set_confidence("ambiguous");
  hop.set_evidence("gateway[9] was at 3 requests at once: this came from one of them");
  for (const char* id : {"00d14f2a91c00002", "0000000000000007", "0000000000000099"}) {
    hop.add_candidate_ids(id);
  }

  EXPECT_EQ(Render(HopLines(hop, 2, known), 0, false),
            "2. tcp: main:gateway[9] was at 3 requests at once: this came from one of them; "
            "ambiguous: nestord names none for certain\n"
            "   ? tcp from team-a/web-0/ssh:ssh[4131], in the chain that began in team-a/web-0/ssh "
            "(runtime-exec, 91c00001)\n"
            "   ? container-entrypoint, where the chain of team-a/web-0/job (container-entrypoint, "
            "00000007) began\n"
            "   ? hop 0000000000000099, which nestord does not show any more\n");
}

TEST(HopLinesTest, HostileNamesCannotWriteOnTheTerminal) {
  const v1::ChainHop hop =
      Hop("tcp", End("sidecar", 97, "\x1b[2J"), End("main", 9, "x\u202e", "y"));

  EXPECT_THAT(Render(HopLines(hop, 1, KnownHops()), 0, true),
              testing::AllOf(HasSubstr("\\x1b[2J[97]"), testing::Not(HasSubstr("\x1b[2J"))));
}

TEST(OutgoingHopTest, AWayToAnotherNodeNamesItsProcessAndHop) {
  v1::ChainHop hop = Hop("tcp-remote", kClient, End("", 0, "", "10.96.0.10:22"), "outgoing");
  hop.mutable_remote()->set_node("node-b");
  hop.mutable_remote()->set_hop_id("00d14f2a91c00001");
  hop.mutable_remote()->set_pid(77);

  EXPECT_THAT(HopSentence(hop),
              testing::EndsWith(":ssh[97] connected to 10.96.0.10:22, accepted by process 77 on "
                                "node node-b, in its hop 00d14f2a91c00001"));
}

}  // namespace
}  // namespace nestor::ctl
