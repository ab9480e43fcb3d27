// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/evidence.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

Workload Container() {
  Workload workload;
  workload.container_id = std::string(64, 'c');
  return workload;
}

HopRecord Hop(HopKind kind) {
  HopRecord hop;
  hop.kind = kind;
  hop.from = {5, 97};
  hop.from_comm = "ssh";
  hop.server = {6, 812};
  hop.server_comm = "sshd";
  hop.peer = {AddressFamily::kInet, 51544, 0, {10, 0, 3, 7}};
  hop.local = {AddressFamily::kInet, 22, 0, {10, 0, 3, 8}};
  return hop;
}

TEST(EvidenceTest, SaysWhoCrossedAndHow) {
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kSshLogin), {}, nullptr),
            "sshd[812] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from ssh[97]");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kTcp), {}, nullptr),
            "sshd[812] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from ssh[97]");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kContainerEntrypoint), Container(), nullptr),
            "first process of container cccccccccccc, started by ssh[97]");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kRuntimeExec), Container(), nullptr),
            "put into container cccccccccccc by ssh[97]");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kHostService), {}, nullptr), "started by ssh[97]");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kPreExisting), {}, nullptr), "ran before nestord started");
  EXPECT_EQ(EvidenceOf(Hop(HopKind::kNone), {}, nullptr), "");
}

TEST(EvidenceTest, AUnixSocketIsNamedByItsPath) {
  HopRecord hop = Hop(HopKind::kUnixSocket);
  hop.unix_path.value = "/run/agent.sock";
  EXPECT_EQ(EvidenceOf(hop, {}, nullptr),
            "sshd[812] accepted a connection to unix /run/agent.sock from ssh[97]");

  hop.unix_path.value = "";
  EXPECT_EQ(EvidenceOf(hop, {}, nullptr),
            "sshd[812] accepted a connection to an unnamed unix socket from ssh[97]");
}

TEST(EvidenceTest, AnSshLoginOverAUnixSocketHasNoAddresses) {
  HopRecord hop = Hop(HopKind::kSshLogin);
  hop.transport = HopKind::kUnixSocket;
  hop.unix_path.value = "@ssh";

  EXPECT_EQ(EvidenceOf(hop, {}, nullptr),
            "sshd[812] accepted a connection to unix @ssh from ssh[97]");
}

TEST(EvidenceTest, AServerThatIsLeftOutIsTheProcessTheHopLedTo) {
  HopRecord hop = Hop(HopKind::kTcp);
  hop.server = {};
  hop.actor.self = {7, 900};
  hop.actor.comm = "nginx";

  EXPECT_EQ(EvidenceOf(hop, {}, nullptr),
            "nginx[900] accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22 from ssh[97]");
}

TEST(EvidenceTest, WhatIsNotKnownIsSaidToBeUnknown) {
  HopRecord hop = Hop(HopKind::kRuntimeExec);
  hop.from = {};

  EXPECT_EQ(EvidenceOf(hop, {}, nullptr), "put into a container by an unknown process");
}

TEST(TtyNameTest, NamesTheDeviceAsPsDoes) {
  EXPECT_EQ(TtyName(0), "");
  EXPECT_EQ(TtyName(136 << 20 | 3), "pts/3");
  EXPECT_EQ(TtyName(136 << 20 | 257), "pts/257");
  EXPECT_EQ(TtyName(4 << 20 | 1), "tty1");
  EXPECT_EQ(TtyName(5 << 20 | 2), "5:2");
}

}  // namespace
}  // namespace nestor
