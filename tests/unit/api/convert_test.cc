// SPDX-License-Identifier: Apache-2.0
#include "agent/api/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/api/utf8.h"
#include "tests/unit/api/samples.h"

namespace nestor {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const NodeIdentity kIdentity = {.node = "node-a", .boot_id = "boot-1"};

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

// The fields of `message` and of all messages inside that hold nothing: "hop.to.address".
std::vector<std::string> UnsetFields(const Message& message, const std::string& prefix = "") {
  std::vector<std::string> unset;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const std::string name = prefix + field->name();
    if (!IsSet(message, field)) {
      unset.push_back(name);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const Reflection* reflection = message.GetReflection();
      const Message& inner = field->is_repeated()
                                 ? reflection->GetRepeatedMessage(message, field, 0)
                                 : reflection->GetMessage(message, field);
      const std::vector<std::string> deeper = UnsetFields(inner, name + ".");
      unset.insert(unset.end(), deeper.begin(), deeper.end());
    }
  }
  return unset;
}

v1::Event Converted(Event event) {
  v1::Event out;
  ToProto(Mask(std::move(event)), kIdentity, &out);
  return out;
}

TEST(ConvertTest, EveryFieldOfAnEventIsFilled) {
  EXPECT_THAT(UnsetFields(Converted(SampleEvent())), IsEmpty());
}

TEST(ConvertTest, EveryFieldOfAChainIsFilled) {
  v1::Chain chain;

  ToProto(Mask(SampleChain()), &chain);

  EXPECT_THAT(UnsetFields(chain), IsEmpty());
}

TEST(ConvertTest, AnEventKeepsItsValues) {
  const v1::Event event = Converted(SampleEvent());

  EXPECT_EQ(event.seq(), 9u);
  EXPECT_EQ(event.time().seconds(), 1'700'000'000);
  EXPECT_EQ(event.time().nanos(), 123'456'789);
  EXPECT_EQ(event.boot_ns(), 5'000'000'001u);
  EXPECT_EQ(event.type(), "hop");
  EXPECT_EQ(event.chain_id(), "71c2000000000001");
  EXPECT_EQ(event.hop_id(), "71c2000000000002");
  EXPECT_EQ(event.cause_hop_id(), "0000000000000abc");
  EXPECT_EQ(event.depth(), 2u);
  EXPECT_EQ(event.origin(), "runtime-exec");
  EXPECT_EQ(event.confidence(), "inferred");
  EXPECT_EQ(event.node(), "node-a");
  EXPECT_EQ(event.boot_id(), "boot-1");
}

TEST(ConvertTest, AProcessKeepsItsValues) {
  const v1::Event event = Converted(SampleEvent());

  EXPECT_EQ(event.process().id(), "102a-42");
  EXPECT_EQ(event.process().pid(), 42u);
  EXPECT_EQ(event.process().start_ns(), 0x102au);
  EXPECT_EQ(event.process().exe(), "/bin/sh");
  EXPECT_THAT(event.process().argv(), ElementsAre("/bin/sh", "-c", "id"));
  EXPECT_EQ(event.process().cwd(), "/srv");
  EXPECT_EQ(event.process().uid(), 1000u);
  EXPECT_EQ(event.process().gid(), 1001u);
  EXPECT_EQ(event.process().auid(), 1002u);
  EXPECT_EQ(event.process().tty(), "pts/3");
  EXPECT_EQ(event.process().agent(), "claude");
  EXPECT_EQ(event.process().agent_depth(), 2u);
  EXPECT_EQ(event.parent().id(), "1028-40");
  EXPECT_EQ(event.parent().pid(), 40u);
  EXPECT_EQ(event.parent().exe(), "/usr/sbin/sshd");
}

TEST(ConvertTest, AWorkloadKeepsItsNames) {
  const v1::Workload workload = Converted(SampleEvent()).workload();

  EXPECT_EQ(workload.namespace_(), "shop");
  EXPECT_EQ(workload.pod(), "db");
  EXPECT_EQ(workload.pod_uid(), "uid-of-db");
  EXPECT_EQ(workload.container(), "main");
  EXPECT_EQ(workload.container_id(), "c0ffee");
  EXPECT_EQ(workload.image(), "shop/web:1");
}

TEST(ConvertTest, AHopKeepsItsEnds) {
  const v1::Hop hop = Converted(SampleEvent()).hop();

  EXPECT_EQ(hop.id(), "71c2000000000002");
  EXPECT_EQ(hop.parent_id(), "71c2000000000001");
  EXPECT_EQ(hop.kind(), "tcp");
  EXPECT_EQ(hop.from().process().pid(), 41u);
  EXPECT_EQ(hop.from().workload().pod(), "web");
  EXPECT_EQ(hop.from().address(), "10.0.3.7:51544");
  EXPECT_EQ(hop.to().process().pid(), 42u);
  EXPECT_EQ(hop.to().workload().pod(), "db");
  EXPECT_EQ(hop.to().address(), "10.0.3.8:22");
  EXPECT_EQ(hop.evidence(), "accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22");
  EXPECT_EQ(hop.detail(), "translated");
  EXPECT_THAT(hop.candidate_ids(), ElementsAre("71c2000000000001", "0000000000000007"));
  EXPECT_EQ(hop.remote().node(), "node-b");
  EXPECT_EQ(hop.remote().hop_id(), "0000000000000008");
  EXPECT_EQ(hop.remote().pid(), 77u);
  EXPECT_EQ(hop.login().user(), "alice");
  EXPECT_EQ(hop.login().method(), "publickey");
  EXPECT_EQ(hop.login().key(), "ssh-ed25519 SHA256:0UBU");
  EXPECT_EQ(hop.login().certificate(), "alice@corp (serial 7)");
}

TEST(ConvertTest, ExitSocketAndFileKeepTheirValues) {
  const v1::Event event = Converted(SampleEvent());

  EXPECT_EQ(event.exit().code(), 1u);
  EXPECT_EQ(event.exit().signal(), 9u);
  EXPECT_EQ(event.exit().run_ns(), 77u);
  EXPECT_EQ(event.socket().family(), "inet");
  EXPECT_EQ(event.socket().local(), "10.0.3.8:22");
  EXPECT_EQ(event.socket().peer(), "10.0.3.7:51544");
  EXPECT_EQ(event.socket().type(), "stream");
  EXPECT_EQ(event.socket().result(), -111);
  EXPECT_EQ(event.socket().peer_process().id(), "1029-41");
  EXPECT_EQ(event.socket().peer_hop_id(), "71c2000000000001");
  EXPECT_EQ(event.file().path(), "/etc/shadow");
  EXPECT_EQ(event.file().access(), "read");
}

TEST(ConvertTest, VerdictAndLossKeepTheirValues) {
  const v1::Event event = Converted(SampleEvent());

  EXPECT_EQ(event.verdict().rule(), "no-shadow");
  EXPECT_EQ(event.verdict().policy(), "baseline");
  EXPECT_EQ(event.verdict().mode(), "enforce");
  EXPECT_EQ(event.verdict().action(), "deny");
  EXPECT_EQ(event.verdict().stage(), "open");
  EXPECT_EQ(event.verdict().generation(), 7u);
  EXPECT_EQ(event.verdict().message(), "passwords are not for this chain");
  EXPECT_EQ(event.verdict().subject(), "/etc/shadow");
  EXPECT_THAT(event.verdict().argv(), ElementsAre("cat", "/etc/shadow"));
  EXPECT_EQ(event.verdict().error(), "too late");
  EXPECT_EQ(event.loss().where(), "ring-bulk");
  EXPECT_EQ(event.loss().count(), 3u);
  EXPECT_EQ(event.loss().total(), 5u);
  EXPECT_EQ(event.tamper().what(), "option-forged");
  EXPECT_EQ(event.tamper().detail(), "claims a hop");
  EXPECT_EQ(event.tamper().node(), "node-b");
  EXPECT_EQ(event.tamper().claimed_hop_id(), HopIdToString(kHopId));
  EXPECT_EQ(event.tamper().claimed_pid(), 812u);
}

// A signature is over these: a field that goes under another name is a lie.
TEST(ConvertTest, WhatIsSignedKeepsItsValues) {
  const v1::Event event = Converted(SampleEvent());

  const v1::Heartbeat& beat = event.heartbeat();
  EXPECT_EQ(beat.node(), "node-a");
  EXPECT_EQ(beat.boot_id(), "boot-1");
  const std::vector<uint64_t> numbers = {beat.instance(), beat.number(), beat.first_seq(),
                                         beat.last_seq(), beat.losses(), beat.interval_ns(),
                                         beat.boot_ns(),  beat.time_ns()};
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_TRUE(beat.final());
  EXPECT_EQ(beat.previous(), "0a");
  EXPECT_EQ(beat.key_id(), "0b");
  EXPECT_EQ(beat.signature(), std::string("\xff\0\x80", 3));

  const v1::Gap& gap = event.gap();
  const std::vector<uint64_t> of_gap = {
      gap.instance(),          gap.boot_ns(),          gap.time_ns(),
      gap.previous_instance(), gap.previous_number(),  gap.previous_seq(),
      gap.previous_boot_ns(),  gap.previous_time_ns(), gap.losses()};
  EXPECT_THAT(of_gap, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(gap.node(), "node-a");
  EXPECT_EQ(gap.boot_id(), "boot-1");
  EXPECT_EQ(gap.earlier(), "known");
  EXPECT_EQ(gap.previous_boot_id(), "boot-0");
  EXPECT_TRUE(gap.same_boot());
  EXPECT_EQ(gap.ending(), "killed");
  EXPECT_EQ(gap.kernel(), "kept");
  EXPECT_EQ(gap.previous(), "0c");
  EXPECT_EQ(gap.key_id(), "0d");
  EXPECT_EQ(gap.signature(), std::string("\xfe\0\x81", 3));
}

TEST(ConvertTest, WhatIsNotKnownIsAbsent) {
  const v1::Event event = Converted(BareEvent(EventType::kLoss));

  EXPECT_FALSE(event.has_process());
  EXPECT_FALSE(event.has_parent());
  EXPECT_FALSE(event.has_workload());
  EXPECT_FALSE(event.has_hop());
  EXPECT_FALSE(event.has_exit());
  EXPECT_FALSE(event.has_socket());
  EXPECT_FALSE(event.has_file());
  EXPECT_FALSE(event.has_verdict());
  EXPECT_FALSE(event.has_loss());
  EXPECT_EQ(event.chain_id(), "");
  EXPECT_EQ(event.hop_id(), "");
  EXPECT_EQ(event.origin(), "");
}

TEST(ConvertTest, AWorkloadWhoseNamesAreStillAskedForIsThere) {
  Event event;
  event.workload.pending = true;

  EXPECT_TRUE(Converted(event).workload().pending());
}

TEST(ConvertTest, BytesThatAreNoUtf8CanBeSentAndRead) {
  Event event = SampleEvent();
  event.process.argv = {"echo", "\xFF\xC0\xAF"};
  event.process.exe = "/bin/\x80";
  event.file->path = "/tmp/\xED\xA0\x80";
  v1::Event read;

  const bool parsed = read.ParseFromString(Converted(event).SerializeAsString());

  ASSERT_TRUE(parsed);
  EXPECT_EQ(read.process().argv(1), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(read.process().exe(), "/bin/\xEF\xBF\xBD");
  EXPECT_TRUE(IsUtf8(read.file().path()));
}

TEST(ConvertTest, AChainKeepsItsValues) {
  const auto chains = Mask(std::vector<ChainInfo>{SampleChain(1), SampleChain()});
  v1::Chain chain;

  ToProto(chains, 1, &chain);

  EXPECT_EQ(chain.id(), "71c2000000000001");
  EXPECT_EQ(chain.origin(), "ssh-login");
  EXPECT_EQ(chain.workload().pod(), "web");
  EXPECT_EQ(chain.time().seconds(), 1'700'000'000);
  EXPECT_EQ(chain.hops(0).id(), "71c2000000000002");
  EXPECT_EQ(chain.hops(0).kind(), "tcp");
  EXPECT_EQ(chain.hops(0).depth(), 1u);
  EXPECT_EQ(chain.hops(0).confidence(), "exact");
  EXPECT_EQ(chain.hops(0).time().seconds(), 1'700'000'001);
  EXPECT_EQ(chain.processes(0).process().id(), "102a-42");
  EXPECT_EQ(chain.processes(0).parent_id(), "1028-40");
  EXPECT_EQ(chain.processes(0).hop_id(), "71c2000000000002");
  EXPECT_EQ(chain.processes(0).workload().pod(), "db");
  EXPECT_EQ(chain.processes(0).time().seconds(), 1'700'000'002);
  EXPECT_EQ(chain.processes(0).exit().signal(), 9u);
  EXPECT_EQ(chain.processes(0).verdicts(0).rule(), "no-shadow");
}

TEST(ConvertTest, AnAgentKeepsItsValues) {
  AgentInfo ended = SampleAgent();
  ended.alive = false;
  const auto agents = Mask(std::vector<AgentInfo>{SampleAgent(), ended});
  v1::Agent living, agent;

  ToProto(agents, 0, &living);
  ToProto(agents, 1, &agent);

  EXPECT_FALSE(living.has_ended());
  EXPECT_TRUE(living.alive());
  EXPECT_EQ(agent.name(), "claude");
  EXPECT_EQ(agent.depth(), 2u);
  EXPECT_EQ(agent.process().id(), "102a-42");
  EXPECT_EQ(agent.workload().pod(), "web");
  EXPECT_EQ(agent.chain_id(), "71c2000000000001");
  EXPECT_EQ(agent.hop_id(), "71c2000000000002");
  EXPECT_EQ(agent.started().nanos(), 1);
  EXPECT_EQ(agent.ended().nanos(), 2);
  EXPECT_FALSE(agent.alive());
  EXPECT_EQ(agent.exit().code(), 1u);
  EXPECT_EQ(agent.started_by().exe(), "/bin/bash");
  EXPECT_EQ(agent.above(), "codex");
  EXPECT_EQ(agent.above_process_id(), "1028-40");
}

NodeStatus SampleStatus() {
  return {.ready = true,
          .node = "node-a",
          .boot_id = "boot-1",
          .started_ns = 1'700'000'000'000'000'001,
          .kernel_release = "6.1.0",
          .scope = "pods",
          .last_seq = 11,
          .live_processes = 12,
          .live_chains = 13,
          .resident_bytes = 14,
          .policy_generation = 15,
          .capabilities = {{.name = "bpf-lsm",
                            .available = true,
                            .required = true,
                            .detail = "in lsm=",
                            .effect = "no denial",
                            .fix = "boot with lsm=bpf"}},
          .policies =
              {{.name = "baseline",
                .file = "/etc/nestor/policies/baseline.yaml",
                .mode = "enforce",
                .rules = 3,
                .unenforceable = {"rule x: needs bpf-lsm"},
                .mode_line = 6,
                .selects = "pods",
                .default_deny = true,
                .hits = {.verdicts = 7, .denials = 4, .would_be_denials = 2, .last_ns = 3000000009},
                .details = {{.name = "rule-x",
                             .kind = "file",
                             .action = "deny",
                             .severity = "high",
                             .tags = {"T1003.008"},
                             .line = 9,
                             .hits = {.verdicts = 1,
                                      .denials = 1,
                                      .would_be_denials = 1,
                                      .last_ns = 3000000009}}}}},
          .losses = {{"ring-control", 4}},
          .counters = {{"masked", 5}},
          .warnings = {"slow"},
          .signer = {.directory = "/var/lib/nestor",
                     .key_id = "0b",
                     .public_key = "PEM",
                     .lasting = true,
                     .fault = "none"}};
}

TEST(ConvertTest, EveryFieldOfTheStatusIsFilled) {
  v1::Status status;

  ToProto(SampleStatus(), &status);

  EXPECT_THAT(UnsetFields(status), IsEmpty());
}

TEST(ConvertTest, TheStatusKeepsItsValues) {
  v1::Status status;

  ToProto(SampleStatus(), &status);

  EXPECT_EQ(status.version(), NESTOR_VERSION);
  EXPECT_EQ(status.node(), "node-a");
  EXPECT_EQ(status.boot_id(), "boot-1");
  EXPECT_EQ(status.started().nanos(), 1);
  EXPECT_EQ(status.kernel_release(), "6.1.0");
  EXPECT_EQ(status.scope(), "pods");
  EXPECT_EQ(status.last_seq(), 11u);
  EXPECT_EQ(status.live_processes(), 12u);
  EXPECT_EQ(status.live_chains(), 13u);
  EXPECT_EQ(status.resident_bytes(), 14u);
  EXPECT_EQ(status.policy_generation(), 15u);
  EXPECT_EQ(status.signer().directory(), "/var/lib/nestor");
  EXPECT_EQ(status.signer().key_id(), "0b");
  EXPECT_EQ(status.signer().public_key(), "PEM");
  EXPECT_EQ(status.capabilities(0).name(), "bpf-lsm");
  EXPECT_EQ(status.capabilities(0).detail(), "in lsm=");
  EXPECT_EQ(status.capabilities(0).effect(), "no denial");
  EXPECT_EQ(status.capabilities(0).fix(), "boot with lsm=bpf");
  EXPECT_EQ(status.policies(0).name(), "baseline");
  EXPECT_EQ(status.policies(0).file(), "/etc/nestor/policies/baseline.yaml");
  EXPECT_EQ(status.policies(0).mode(), "enforce");
  EXPECT_EQ(status.policies(0).rules(), 3u);
  EXPECT_THAT(status.policies(0).unenforceable(), ElementsAre("rule x: needs bpf-lsm"));
  EXPECT_EQ(status.policies(0).hits().would_be_denials(), 2u);
  EXPECT_EQ(status.policies(0).details(0).name(), "rule-x");
  EXPECT_EQ(status.policies(0).details(0).hits().denials(), 1u);
  EXPECT_EQ(status.losses(0).name(), "ring-control");
  EXPECT_EQ(status.losses(0).value(), 4u);
  EXPECT_EQ(status.counters(0).name(), "masked");
  EXPECT_EQ(status.counters(0).value(), 5u);
  EXPECT_THAT(status.warnings(), ElementsAre("slow"));
}

TEST(ConvertTest, MissedEventsAreALossWithoutASeq) {
  v1::Event event;

  MissedToProto(5, 8, "hops", kIdentity, &event);

  EXPECT_EQ(event.seq(), 0u);
  EXPECT_EQ(event.type(), "loss");
  EXPECT_EQ(event.loss().where(), "event-log");
  EXPECT_EQ(event.loss().count(), 5u);
  EXPECT_EQ(event.loss().total(), 8u);
  EXPECT_EQ(event.loss().events(), "hops");
  EXPECT_GT(event.time().seconds(), 0);
  EXPECT_GT(event.boot_ns(), 0u);
  EXPECT_EQ(event.node(), "node-a");
  EXPECT_EQ(event.boot_id(), "boot-1");
}

}  // namespace
}  // namespace nestor
