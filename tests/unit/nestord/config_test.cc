// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/source_dir.h"

namespace nestor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Config Good(const std::string& text) {
  const auto read = ParseConfig(text, "n.yaml");
  const auto* config = std::get_if<Config>(&read);
  EXPECT_TRUE(config) << std::get<std::vector<Error>>(read)[0].message;
  return config ? *config : Config{};
}

std::vector<std::string> Faults(const std::string& text) {
  const auto read = ParseConfig(text, "n.yaml");
  std::vector<std::string> messages;
  if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
    for (const Error& error : *errors) messages.push_back(error.message);
  }
  return messages;
}

TEST(ConfigTest, AnEmptyTextIsTheDefaults) {
  EXPECT_EQ(Good("").api.socket_path, "/run/nestor/nestord.sock");
  EXPECT_EQ(Good("# nothing\n").policy_directory, "/etc/nestor/policies.d");
}

TEST(ConfigTest, WhereTheKernelSideIsPinnedIsAnAbsolutePathWithoutDotsOrNothing) {
  EXPECT_EQ(Good("kernel: {pinDirectory: /sys/fs/bpf/other}").probes.pin_directory,
            "/sys/fs/bpf/other");
  EXPECT_EQ(Good("kernel: {pinDirectory: ''}").probes.pin_directory, "");
  EXPECT_FALSE(Good("kernel: {keepOnExit: false}").keep_on_exit);
  for (const char* const wrong : {"nestor", "/sys/fs/bpf/v1.0", "/sys/fs/bpf/nestor/", "/"}) {
    const auto faults = Faults(std::string("kernel: {pinDirectory: ") + wrong + "}");
    ASSERT_EQ(faults.size(), 1U) << wrong;
    EXPECT_THAT(faults[0], HasSubstr("must be an absolute path without dots"));
  }
}

TEST(ConfigTest, OnePodIsNotToldMoreNamesThanAllTogether) {
  EXPECT_EQ(Good("kernel: {names: 1024, namesPerPod: 1024}").probes.names_per_pod, 1024u);
  EXPECT_THAT(Faults("kernel: {namesPerPod: 20000}"),
              testing::ElementsAre(HasSubstr("1:23: namesPerPod, 20000, is more than names")));
  EXPECT_THAT(Faults("kernel: {names: 512}"),
              testing::ElementsAre(HasSubstr("1:17: namesPerPod, 1024, is more than names")));
}

TEST(ConfigTest, PartsOfThePastLeaveProgramsATenth) {
  EXPECT_EQ(Good("events: {verdictsPercent: 45, hopsPercent: 15}").events.verdicts_percent, 45u);
  EXPECT_THAT(Faults("events: {verdictsPercent: 46}"),
              testing::ElementsAre(HasSubstr("1:27: the four parts are 91 percent together")));
  EXPECT_THAT(Faults("events: {verdictsPercent: 0}"), testing::SizeIs(1));
}

// deploy/nestord.yaml documents the defaults: a reader must be able to trust it.
TEST(ConfigTest, TheShippedFileSaysTheDefaults) {
  const auto read = ReadConfig(SourcePath("deploy/nestord.yaml"));
  const auto* shipped = std::get_if<Config>(&read);
  ASSERT_TRUE(shipped) << std::get<std::vector<Error>>(read)[0].message;
  const Config defaults;

  EXPECT_EQ(shipped->log_level, defaults.log_level);
  EXPECT_EQ(shipped->policy_directory, defaults.policy_directory);
  EXPECT_EQ(shipped->ended_containers, defaults.ended_containers);
  EXPECT_EQ(shipped->probes.argv_bytes, defaults.probes.argv_bytes);
  EXPECT_EQ(shipped->probes.names, defaults.probes.names);
  EXPECT_EQ(shipped->probes.names_per_pod, defaults.probes.names_per_pod);
  EXPECT_EQ(shipped->probes.remember_names, defaults.probes.remember_names);
  EXPECT_EQ(shipped->probes.node_scope, defaults.probes.node_scope);
  EXPECT_EQ(shipped->probes.control_ring_bytes, defaults.probes.control_ring_bytes);
  EXPECT_EQ(shipped->probes.verdict_ring_bytes, defaults.probes.verdict_ring_bytes);
  EXPECT_EQ(shipped->probes.bulk_ring_bytes, defaults.probes.bulk_ring_bytes);
  EXPECT_EQ(shipped->probes.wakeup_latency, defaults.probes.wakeup_latency);
  EXPECT_EQ(shipped->probes.hop_table_entries, defaults.probes.hop_table_entries);
  EXPECT_EQ(shipped->probes.pin_directory, defaults.probes.pin_directory);
  EXPECT_EQ(shipped->keep_on_exit, defaults.keep_on_exit);
  EXPECT_EQ(shipped->workload.cri_endpoint, defaults.workload.cri_endpoint);
  EXPECT_EQ(shipped->workload.cgroup_root, defaults.workload.cgroup_root);
  EXPECT_EQ(shipped->workload.cri_timeout, defaults.workload.cri_timeout);
  EXPECT_EQ(shipped->workload.relist_interval, defaults.workload.relist_interval);
  EXPECT_EQ(shipped->workload.max_pending, defaults.workload.max_pending);
  EXPECT_EQ(shipped->workload.removed_grace, defaults.workload.removed_grace);
  EXPECT_EQ(shipped->chain.max_processes, defaults.chain.max_processes);
  EXPECT_EQ(shipped->chain.max_hops, defaults.chain.max_hops);
  EXPECT_EQ(shipped->chain.ended_grace_ns, defaults.chain.ended_grace_ns);
  EXPECT_EQ(shipped->agents.builtin, defaults.agents.builtin);
  EXPECT_TRUE(shipped->agents.signatures.empty());
  EXPECT_EQ(shipped->events.max_events, defaults.events.max_events);
  EXPECT_EQ(shipped->events.max_bytes, defaults.events.max_bytes);
  EXPECT_EQ(shipped->events.connections_percent, defaults.events.connections_percent);
  EXPECT_EQ(shipped->events.hops_percent, defaults.events.hops_percent);
  EXPECT_EQ(shipped->events.verdicts_percent, defaults.events.verdicts_percent);
  EXPECT_EQ(shipped->events.records_percent, defaults.events.records_percent);
  EXPECT_EQ(shipped->mask.enabled_builtin, defaults.mask.enabled_builtin);
  EXPECT_EQ(shipped->hook.socket, defaults.hook.socket);
  EXPECT_EQ(shipped->hook.questions, defaults.hook.questions);
  EXPECT_EQ(shipped->hook.speak_time, defaults.hook.speak_time);
  EXPECT_EQ(shipped->probes.way_hops, defaults.probes.way_hops);
  EXPECT_EQ(shipped->probes.without, defaults.probes.without);
  EXPECT_EQ(shipped->record_directory, defaults.record_directory);
  EXPECT_EQ(shipped->heartbeat, defaults.heartbeat);
  EXPECT_EQ(shipped->api.socket_path, defaults.api.socket_path);
  EXPECT_EQ(shipped->api.max_streams, defaults.api.max_streams);
}

TEST(ConfigTest, ScopeReachesTheKernelAndTheChains) {
  const Config config = Good("scope: node\n");

  EXPECT_TRUE(config.probes.node_scope);
  EXPECT_TRUE(config.chain.node_scope);
}

TEST(ConfigTest, AMisspeltKeyIsNamedWithItsPlaceAndTheNearestOne) {
  const auto faults = Faults("scpoe: node\n");

  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0], StartsWith("n.yaml:1:1: "));
  EXPECT_THAT(faults[0], HasSubstr("did you mean `scope`?"));
}

TEST(ConfigTest, AllFaultsAreToldAtOnce) {
  EXPECT_EQ(Faults("scope: cluster\nkernel: {controlRing: 3MiB}\nchains: {keepEnded: soon}\n"
                   "api: {socket: relative}\nmask: {patterns: ['(']}\n")
                .size(),
            5u);
}

TEST(ConfigTest, TheSocketForHooksIsAbsoluteOrNone) {
  EXPECT_EQ(Good("runtime: {hookSocket: ''}\n").hook.socket, "");
  EXPECT_EQ(Good("runtime: {hookSocket: /run/h.sock}\n").hook.socket, "/run/h.sock");
  for (const std::string& path : {std::string("h.sock"), "/" + std::string(90, 'h')}) {
    const auto faults = Faults("runtime: {hookSocket: " + path + "}\n");
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_THAT(faults[0], HasSubstr("at most 90 bytes"));
  }
}

TEST(ConfigTest, WhereTheKeyIsKeptIsAbsoluteOrNowhere) {
  EXPECT_EQ(Good("record: {directory: ''}\n").record_directory, "");
  EXPECT_EQ(Good("record: {directory: /srv/nestor}\n").record_directory, "/srv/nestor");
  for (const std::string& path : {std::string("nestor"), std::string("/"), std::string("/srv/"),
                                  "/" + std::string(255, 'd')}) {
    const auto faults = Faults("record: {directory: " + path + "}\n");
    ASSERT_EQ(faults.size(), 1u) << path;
    EXPECT_THAT(faults[0], HasSubstr("such as `/var/lib/nestor`"));
  }
}

TEST(ConfigTest, AHeartbeatComesEverySecondToEveryFiveMinutes) {
  EXPECT_EQ(Good("record: {heartbeat: 1s}\n").heartbeat, std::chrono::seconds(1));
  EXPECT_EQ(Good("record: {heartbeat: 5m}\n").heartbeat, std::chrono::minutes(5));
  for (const char* const wrong : {"999ms", "301s", "often"}) {
    EXPECT_EQ(Faults(std::string("record: {heartbeat: ") + wrong + "}\n").size(), 1u) << wrong;
  }
  EXPECT_THAT(Faults("record: {hartbeat: 1s}\n")[0], HasSubstr("did you mean `heartbeat`?"));
}

TEST(ConfigTest, ARingSizeThatTheKernelRefusesComesWithTheNextOneThatItTakes) {
  const auto faults = Faults("kernel: {controlRing: 3MiB}\n");

  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0], HasSubstr("4096KiB"));
}

TEST(ConfigTest, ASignatureOfAnAgentIsReadWhole) {
  const Config config = Good(
      "agents:\n  builtin: false\n  signatures:\n  - name: deploy-bot\n    exe: [bot-*]\n"
      "    args: [--deploy]\n    images: [\"registry.example/**\"]\n");

  EXPECT_FALSE(config.agents.builtin);
  ASSERT_EQ(config.agents.signatures.size(), 1u);
  const AgentSignature& signature = config.agents.signatures[0];
  EXPECT_EQ(signature.name, "deploy-bot");
  EXPECT_EQ(signature.exe, std::vector<std::string>{"bot-*"});
  EXPECT_EQ(signature.args, std::vector<std::string>{"--deploy"});
  EXPECT_EQ(signature.images, std::vector<std::string>{"registry.example/**"});
}

TEST(ConfigTest, FaultsOfSignaturesAreTheirOwnPlaces) {
  EXPECT_THAT(
      Faults("agents:\n  signatures:\n  - name: A\n    exes: [x]\n    exe: [\"[x\"]\n  - {}\n"),
      testing::ElementsAre(
          testing::AllOf(StartsWith("n.yaml:4:5: "), HasSubstr("did you mean `exe`?")),
          testing::AllOf(StartsWith("n.yaml:3:11: "), HasSubstr("lower-case")),
          testing::AllOf(StartsWith("n.yaml:5:11: "), HasSubstr("without its `]`")),
          testing::AllOf(StartsWith("n.yaml:6:5: "), HasSubstr("needs a name")),
          testing::AllOf(StartsWith("n.yaml:6:5: "), HasSubstr("at least one of"))));
}

TEST(ConfigTest, AFileThatIsNotThereIsAFault) {
  const auto read = ReadConfig("/nonexistent/nestord.yaml");

  ASSERT_TRUE(std::holds_alternative<std::vector<Error>>(read));
  EXPECT_THAT(std::get<std::vector<Error>>(read)[0].message, HasSubstr("/nonexistent"));
}

constexpr char kPeers[] =
    "peers:\n"
    "- {node: node-a, networks: [10.88.1.0/24, 'fd00:1::/64']}\n"
    "- {networks: [10.96.0.0/12]}\n"
    "peerKeys: [/etc/nestor/peer.key]\n";

TEST(ConfigTest, PeersReachTheKernelAndTheirNamesTheChains) {
  const Config config = Good(kPeers);

  ASSERT_EQ(config.probes.peers.size(), 2u);
  EXPECT_EQ(config.probes.peers[0].node, "node-a");
  EXPECT_EQ(config.probes.peers[0].networks.size(), 2u);
  EXPECT_EQ(config.probes.peers[1].node, "");
  EXPECT_EQ(config.chain.peer_nodes.at(NodeId("node-a")), "node-a");
  EXPECT_EQ(config.chain.peer_nodes.size(), 1u);
  EXPECT_EQ(config.peer_key_files.size(), 1u);
}

TEST(ConfigTest, PeersAndKeysGoTogether) {
  EXPECT_EQ(Faults("peers: [{networks: [10.0.0.0/8]}]\n").size(), 1u);
  EXPECT_EQ(Faults("peerKeys: [/etc/nestor/peer.key]\n").size(), 1u);
  EXPECT_EQ(Faults("peers: [{networks: [10.0.0.0/8]}]\npeerKeys: [/a, /b, /c]\n").size(), 1u);
}

TEST(ConfigTest, APeerThatCannotBeMeantIsAFault) {
  const std::string keys = "peerKeys: [/etc/nestor/peer.key]\n";
  EXPECT_THAT(Faults(keys + "peers: [{networks: [10.0.0.1/8]}]\n"),
              testing::Contains(HasSubstr("10.0.0.0/8")));
  EXPECT_THAT(Faults(keys + "peers: [{node: a}]\n"),
              testing::ElementsAre(HasSubstr("needs networks")));
  EXPECT_THAT(Faults(keys + "peers: [{networks: [10.0.0.0/8]}, {networks: [10.0.0.0/8]}]\n"),
              testing::ElementsAre(HasSubstr("another peer")));
  EXPECT_THAT(Faults(keys + "peers: [{node: a, networks: [10.0.0.0/24]}, {node: a, networks: "
                            "[10.0.1.0/24]}]\n"),
              testing::ElementsAre(HasSubstr("twice")));
  EXPECT_THAT(Faults(keys + "peers: [{nodes: a, networks: [10.0.0.0/24]}]\n"),
              testing::ElementsAre(HasSubstr("did you mean `node`?")));
}

}  // namespace
}  // namespace nestor
