// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/chain_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/chain/ids.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr CgroupId kWeb = 501;
constexpr HopId kExecHop = 2, kSshHop = 3;
constexpr uint64_t kNow = 1'000, kGrace = 300'000'000'000;  // of an ended chain, by default

// A process of `pid` that started at `start`, in a hop of the chain that kOrigin begins.
Actor In(HopId hop, uint32_t pid, uint64_t start, CgroupId container = kWeb) {
  Actor actor;
  actor.self = {start, pid};
  actor.chain_id = kOrigin;
  actor.hop_id = hop;
  actor.container_cgroup_id = container;
  actor.depth = static_cast<uint32_t>(hop - kOrigin);
  actor.origin = HopKind::kContainerEntrypoint;
  actor.confidence = Confidence::kExact;
  actor.comm = "comm" + std::to_string(pid);
  return actor;
}

Actor ChildOf(const Actor& parent, uint32_t pid, uint64_t start) {
  Actor actor = parent;
  actor.self = {start, pid};
  actor.parent = parent.self;
  actor.comm = "comm" + std::to_string(pid);
  return actor;
}

HopRecord Hop(HopId id, HopId parent, HopKind kind, const Actor& actor, uint64_t time = 10) {
  HopRecord hop;
  hop.time_ns = time;
  hop.actor = actor;
  hop.id = id;
  hop.parent_id = parent;
  hop.chain_id = actor.chain_id;
  hop.depth = actor.depth;
  hop.origin = actor.origin;
  hop.confidence = actor.confidence;
  hop.kind = kind;
  hop.to_container_cgroup_id = actor.container_cgroup_id;
  return hop;
}

ExecRecord Exec(const Actor& actor, const std::string& exe, uint64_t time = 20) {
  ExecRecord exec;
  exec.time_ns = time;
  exec.actor = actor;
  exec.exe.value = exe;
  exec.argv = {exe, "-x"};
  exec.argc = 2;
  exec.argv_bytes = static_cast<uint32_t>(exe.size() + sizeof("") + sizeof("-x"));
  exec.cwd.value = "/srv";
  exec.tty = 136 << 20 | 3;
  return exec;
}

ExitRecord Exit(const Actor& actor, uint64_t time) {
  ExitRecord exit;
  exit.time_ns = time;
  exit.actor = actor;
  exit.code = 3;
  exit.run_ns = 7;
  return exit;
}

SocketRecord Connect(const Actor& actor) {
  SocketRecord socket;
  socket.time_ns = 25;
  socket.actor = actor;
  socket.peer = {AddressFamily::kInet, 443, 0, {10, 0, 0, 1}};
  socket.socket_type = 1;
  return socket;
}

VerdictRecord Denied(const Actor& actor) {
  VerdictRecord verdict;
  verdict.time_ns = 26;
  verdict.actor = actor;
  verdict.generation = 4;
  verdict.rule = 2;
  verdict.action = Action::kDeny;
  verdict.mode = Mode::kEnforce;
  verdict.stage = Stage::kOpen;
  verdict.applied = true;
  verdict.access = 3;
  verdict.subject.value = "/etc/shadow";
  return verdict;
}

// A graph with its neighbours: names of containers, /proc and rules as the test sets them.
struct World {
  explicit World(ChainOptions chosen = {})
      : graph(
            chosen, [this](CgroupId id) { return containers[id]; },
            [this](ProcessKey key) -> std::optional<ProcessInfo> {
              const auto found = proc.find(key);
              return found == proc.end() ? std::nullopt : std::optional(found->second);
            },
            [](uint64_t generation, uint32_t rule, VerdictInfo& verdict) {
              verdict.policy = "policy-" + std::to_string(generation);
              verdict.rule = "rule-" + std::to_string(rule);
            },
            [](const ProcessInfo&, const Workload&) { return AgentMatch{}; },
            [](ProcessKey) { return std::vector<uint32_t>(); }) {
    containers[kWeb].container_id = containers[kWeb].container = "web";
    containers[kSidecar].container_id = containers[kSidecar].container = "sidecar";
  }

  // The chain of most tests: entrypoint → kubectl exec → ssh login, one process in each.
  void BuildThreeHops() {
    graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, entry));
    graph.Apply(Exec(entry, "/bin/app"));
    graph.Apply(Hop(kExecHop, kOrigin, HopKind::kRuntimeExec, shell, 30));
    graph.Apply(Exec(shell, "/bin/sh", 31));
    graph.Apply(Hop(kSshHop, kExecHop, HopKind::kSshLogin, login, 40));
    graph.Apply(Exec(login, "/bin/bash", 41));
  }

  std::map<CgroupId, Workload> containers;
  std::map<ProcessKey, ProcessInfo> proc;
  Actor entry = In(kOrigin, 100, 5);
  Actor shell = In(kExecHop, 200, 28);
  Actor login = In(kSshHop, 300, 38, kSidecar);
  ChainGraph graph;
};

std::vector<EventType> Types(const std::vector<Event>& events) {
  std::vector<EventType> types;
  for (const Event& event : events) types.push_back(event.type);
  return types;
}

std::vector<HopId> HopIds(const ChainInfo& chain) {
  std::vector<HopId> ids;
  for (const ChainHop& hop : chain.hops) ids.push_back(hop.hop.id);
  return ids;
}

std::vector<uint32_t> Pids(const ChainInfo& chain) {
  std::vector<uint32_t> pids;
  for (const ChainProcess& process : chain.processes) pids.push_back(process.process.key.tgid);
  return pids;
}

TEST(ChainGraphTest, AHopIsPublishedAtOnceAndOnlyOnce) {
  World world;

  const auto hop = world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));
  const auto exec = world.graph.Apply(Exec(world.entry, "/bin/app"));
  const auto again = world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));

  EXPECT_THAT(Types(hop), ElementsAre(EventType::kHop));
  EXPECT_THAT(Types(exec), ElementsAre(EventType::kExec));
  EXPECT_THAT(again, IsEmpty());
}

TEST(ChainGraphTest, AHopEventNamesBothEndsAndTheEvidence) {
  World world;
  HopRecord record = Hop(kSshHop, kExecHop, HopKind::kSshLogin, world.login, 40);
  record.from = world.shell.self;
  record.from_comm = "ssh";
  record.from_container_cgroup_id = kWeb;
  record.peer = {AddressFamily::kInet, 51544, 0, {10, 0, 3, 7}};
  record.local = {AddressFamily::kInet, 22, 0, {10, 0, 3, 8}};
  world.graph.Apply(Exec(world.shell, "/usr/bin/ssh"));

  const std::vector<Event> events = world.graph.Apply(record);

  ASSERT_THAT(events, SizeIs(1));
  const Event& event = events[0];
  EXPECT_EQ(event.boot_ns, 40U);
  EXPECT_EQ(event.hop_id, kSshHop);
  EXPECT_EQ(event.chain_id, kOrigin);
  EXPECT_EQ(event.depth, 2U);
  EXPECT_EQ(event.origin, HopKind::kContainerEntrypoint);
  EXPECT_EQ(event.confidence, Confidence::kExact);
  EXPECT_EQ(event.workload.container, "sidecar");
  EXPECT_EQ(event.process.key, world.login.self);
  ASSERT_TRUE(event.hop.has_value());
  EXPECT_EQ(event.hop->parent_id, kExecHop);
  EXPECT_EQ(event.hop->kind, HopKind::kSshLogin);
  EXPECT_EQ(event.hop->from.process.exe, "/usr/bin/ssh");
  EXPECT_EQ(event.hop->from.workload.container, "web");
  EXPECT_EQ(event.hop->from.address, "10.0.3.7:51544");
  EXPECT_EQ(event.hop->to.address, "10.0.3.8:22");
  EXPECT_THAT(event.hop->evidence, HasSubstr("from ssh[200]"));
}

TEST(ChainGraphTest, AnExecEventSaysWhatRunsAndWhoStartedIt) {
  World world;
  world.graph.Apply(Exec(world.shell, "/bin/sh"));
  const Actor child = ChildOf(world.shell, 201, 33);

  const Event event = world.graph.Apply(Exec(child, "/bin/ls", 34)).back();

  EXPECT_EQ(event.type, EventType::kExec);
  EXPECT_EQ(event.process.exe, "/bin/ls");
  EXPECT_THAT(event.process.argv, ElementsAre("/bin/ls", "-x"));
  EXPECT_EQ(event.process.argc, 2u);
  EXPECT_EQ(event.process.argv_bytes, 11u);
  EXPECT_EQ(event.process.cwd, "/srv");
  EXPECT_EQ(event.process.tty, "pts/3");
  EXPECT_EQ(event.parent.key, world.shell.self);
  EXPECT_EQ(event.parent.exe, "/bin/sh");
  EXPECT_EQ(event.hop_id, kExecHop);
  EXPECT_EQ(event.boot_ns, 34U);
}

TEST(ChainGraphTest, BeforeItsExecAProcessRunsWhatItsParentRuns) {
  World world;
  world.graph.Apply(Exec(world.shell, "/bin/sh"));

  const Event event = world.graph.Apply(Connect(ChildOf(world.shell, 201, 33))).back();

  EXPECT_EQ(event.process.exe, "/bin/sh");
  EXPECT_EQ(event.process.key, (ProcessKey{33, 201}));
}

TEST(ChainGraphTest, AProcessThatNoRecordDescribedIsReadFromProc) {
  World world;
  world.proc[world.shell.self].exe = "/usr/bin/old";

  EXPECT_EQ(world.graph.Apply(Connect(world.shell)).back().process.exe, "/usr/bin/old");
  EXPECT_EQ(world.graph.Apply(Connect(world.login)).back().process.exe, "comm300");
}

TEST(ChainGraphTest, ChainsGoFromTheOriginThroughEveryHop) {
  World world;
  world.BuildThreeHops();

  const std::vector<ChainInfo> chains = world.graph.Chains(false);

  ASSERT_THAT(chains, SizeIs(1));
  EXPECT_EQ(chains[0].id, kOrigin);
  EXPECT_EQ(chains[0].origin, HopKind::kContainerEntrypoint);
  EXPECT_EQ(chains[0].workload.container, "web");
  EXPECT_THAT(HopIds(chains[0]), ElementsAre(kOrigin, kExecHop, kSshHop));
  EXPECT_THAT(Pids(chains[0]), ElementsAre(100U, 200U, 300U));
  EXPECT_EQ(chains[0].hops[1].hop.to.process.exe, "/bin/sh");
  EXPECT_EQ(world.graph.live_chains(), 1U);
  EXPECT_EQ(world.graph.live_processes(), 3U);
}

TEST(ChainGraphTest, TimesOfChainsAreRealTime) {
  ChainOptions options;
  options.realtime_offset_ns = 1000;
  World world(options);
  world.BuildThreeHops();

  const ChainInfo chain = world.graph.Chains(false).at(0);

  EXPECT_EQ(chain.time_ns, 1010U);
  EXPECT_EQ(chain.hops[2].time_ns, 1040U);
  EXPECT_EQ(chain.processes[0].start_time_ns, 1005U);
}

TEST(ChainGraphTest, AHostHopIsKeptAndPublishedBeforeTheFirstHopOfAPodBelowIt) {
  World world;
  const Actor service = In(kOrigin, 50, 3, 0);

  EXPECT_THAT(world.graph.Apply(Hop(kOrigin, 0, HopKind::kHostService, service)), IsEmpty());
  EXPECT_THAT(world.graph.Chains(true), IsEmpty());
  const auto events =
      world.graph.Apply(Hop(kExecHop, kOrigin, HopKind::kRuntimeExec, world.shell, 30));

  EXPECT_THAT(Types(events), ElementsAre(EventType::kHop, EventType::kHop));
  EXPECT_EQ(events[0].hop_id, kOrigin);
  EXPECT_EQ(events[1].hop_id, kExecHop);
}

TEST(ChainGraphTest, AHostHopIsPublishedBeforeTheFirstEventThatRefersToIt) {
  World world;
  Actor service = In(kOrigin, 50, 3, 0);
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kHostService, service));
  service.flags.in_pod_chain = true;

  const auto first = world.graph.Apply(Connect(service));
  const auto second = world.graph.Apply(Connect(service));

  EXPECT_THAT(Types(first), ElementsAre(EventType::kHop, EventType::kConnect));
  EXPECT_THAT(Types(second), ElementsAre(EventType::kConnect));
}

TEST(ChainGraphTest, NodeScopePublishesHopsOfTheHost) {
  ChainOptions options;
  options.node_scope = true;
  World world(options);

  EXPECT_THAT(world.graph.Apply(Hop(kOrigin, 0, HopKind::kHostService, In(kOrigin, 50, 3, 0))),
              SizeIs(1));
}

TEST(ChainGraphTest, AHopWhoseRecordWasLostIsSaidToBeSoBeforeAnyEventOfIt) {
  for (const Record& record :
       {Record(Exec(In(kExecHop, 200, 28), "/bin/sh")), Record(Connect(In(kExecHop, 200, 28))),
        Record(Exit(In(kExecHop, 200, 28), 50)), Record(Denied(In(kExecHop, 200, 28)))}) {
    World world;

    const std::vector<Event> events = world.graph.Apply(record);

    ASSERT_THAT(events, SizeIs(2));
    EXPECT_EQ(events[0].type, EventType::kHop);
    EXPECT_EQ(events[0].hop_id, kExecHop);
    EXPECT_EQ(events[0].confidence, Confidence::kInferred);
    EXPECT_EQ(events[0].boot_ns, 28U);
    EXPECT_EQ(events[0].hop->kind, HopKind::kNone);
    EXPECT_THAT(events[0].hop->evidence, HasSubstr("announcement was lost"));
  }
}

TEST(ChainGraphTest, ALateHopRecordCorrectsWhatWasInferred) {
  World world;
  world.graph.Apply(Exec(world.shell, "/bin/sh"));

  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));
  const auto late =
      world.graph.Apply(Hop(kExecHop, kOrigin, HopKind::kRuntimeExec, world.shell, 30));

  EXPECT_THAT(late, IsEmpty());  // published once
  const ChainInfo chain = world.graph.Chains(false).at(0);
  ASSERT_THAT(HopIds(chain), ElementsAre(kOrigin, kExecHop));
  EXPECT_EQ(chain.hops[1].hop.parent_id, kOrigin);
  EXPECT_EQ(chain.hops[1].hop.kind, HopKind::kRuntimeExec);
  EXPECT_EQ(chain.hops[1].confidence, Confidence::kExact);
  EXPECT_THAT(chain.hops[1].hop.evidence, HasSubstr("put into container"));
}

TEST(ChainGraphTest, AParentSeenOnlyAfterItsChildStaysAsLongAsTheChild) {
  ChainOptions options;
  options.ended_grace_ns = 10;
  World world(options);
  world.graph.Apply(Hop(kExecHop, kOrigin, HopKind::kRuntimeExec, world.shell, 30));
  world.graph.Apply(Exec(world.entry, "/bin/app", 31));  // the parent's own record was lost

  world.graph.Apply(Exit(world.entry, 40));
  world.graph.Reap(100);
  EXPECT_THAT(HopIds(world.graph.Chains(true).at(0)), ElementsAre(kOrigin, kExecHop));

  world.graph.Apply(Exit(world.shell, 110));
  world.graph.Reap(200);
  EXPECT_THAT(world.graph.Chains(true), IsEmpty());
}

TEST(ChainGraphTest, AnExitSaysHowItEndedAndEndsTheChainWithItsLastProcess) {
  World world;
  world.BuildThreeHops();

  const Event exit = world.graph.Apply(Exit(world.login, 50)).back();
  EXPECT_EQ(exit.type, EventType::kExit);
  ASSERT_TRUE(exit.exit.has_value());
  EXPECT_EQ(exit.exit->code, 3U);
  EXPECT_EQ(exit.exit->run_ns, 7U);
  EXPECT_EQ(world.graph.live_processes(), 2U);
  EXPECT_FALSE(world.graph.Chains(false).at(0).hops[2].alive);

  world.graph.Apply(Exit(world.shell, 51));
  world.graph.Apply(Exit(world.entry, 52));
  EXPECT_THAT(world.graph.Chains(false), IsEmpty());
  EXPECT_FALSE(world.graph.Chains(true).at(0).alive);
  EXPECT_EQ(world.graph.live_chains(), 0U);
}

TEST(ChainGraphTest, AHopLivesWhileSomethingLivesBelowIt) {
  World world;
  world.BuildThreeHops();
  world.graph.Apply(Exit(world.entry, 50));
  world.graph.Apply(Exit(world.shell, 51));

  const ChainInfo chain = world.graph.Chains(false).at(0);

  EXPECT_TRUE(chain.hops[0].alive && chain.hops[1].alive && chain.hops[2].alive);
  EXPECT_FALSE(chain.processes[0].alive);
}

TEST(ChainGraphTest, ASecondExitOfOneProcessCountsOnce) {
  World world;
  world.BuildThreeHops();

  world.graph.Apply(Exit(world.login, 50));
  world.graph.Apply(Exit(world.login, 50));

  EXPECT_EQ(world.graph.live_processes(), 2U);
}

TEST(ChainGraphTest, AProcessWhoseExitWasLostEndsWhenItIsFoundGone) {
  World world;
  const Actor actor = In(kOrigin, 100, 5);
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, actor));
  world.graph.Apply(Exec(actor, "/bin/sh"));

  ASSERT_THAT(world.graph.Live(), ElementsAre(actor.self));
  world.graph.EndUnseen(actor.self, 50);
  world.graph.EndUnseen({1, 2}, 50);  // unknown

  EXPECT_EQ(world.graph.live_processes(), 0u);
  EXPECT_THAT(world.graph.Chains(false), IsEmpty());
  // Its record was late, not lost: the code is still told, and it does not end twice.
  world.graph.Apply(Exit(actor, 60));
  ASSERT_EQ(world.graph.Chains(true).size(), 1u);
  EXPECT_TRUE(world.graph.Chains(true)[0].processes[0].exit);
  EXPECT_EQ(world.graph.live_processes(), 0u);
}

TEST(ChainGraphTest, TheEndedStayForTheirGraceAndThenGoWithTheirHops) {
  ChainOptions options;
  options.ended_grace_ns = 100;
  World world(options);
  world.BuildThreeHops();
  for (const Actor& actor : {world.entry, world.shell, world.login})
    world.graph.Apply(Exit(actor, 50));

  world.graph.Reap(149);
  EXPECT_THAT(world.graph.Chains(true).at(0).processes, SizeIs(3));

  world.graph.Reap(150);
  EXPECT_THAT(world.graph.Chains(true), IsEmpty());
  EXPECT_FALSE(world.graph.Explain(300).ok());
  EXPECT_EQ(world.graph.evicted(), 0U);
}

TEST(ChainGraphTest, HopsAboveALivingOneAreKeptWhenTheirProcessesAreGone) {
  ChainOptions options;
  options.ended_grace_ns = 1;
  World world(options);
  world.BuildThreeHops();
  world.graph.Apply(Exit(world.entry, 50));
  world.graph.Apply(Exit(world.shell, 50));

  world.graph.Reap(1000);

  const ChainInfo chain = world.graph.Chains(false).at(0);
  EXPECT_THAT(HopIds(chain), ElementsAre(kOrigin, kExecHop, kSshHop));
  EXPECT_THAT(Pids(chain), ElementsAre(300U));
}

TEST(ChainGraphTest, AFullTableForgetsTheEndedOldestFirstAndCountsThem) {
  ChainOptions options;
  options.max_processes = 3;
  World world(options);
  world.BuildThreeHops();
  const Actor child = ChildOf(world.entry, 101, 60), other = ChildOf(world.entry, 102, 61);
  world.graph.Apply(Exit(world.shell, 50));
  world.graph.Apply(Exit(world.login, 51));

  world.graph.Apply(Exec(child, "/bin/a", 60));
  EXPECT_FALSE(world.graph.Explain(200).ok());
  EXPECT_TRUE(world.graph.Explain(300).ok());
  world.graph.Apply(Exec(other, "/bin/b", 61));

  EXPECT_FALSE(world.graph.Explain(300).ok());
  EXPECT_EQ(world.graph.evicted(), 2U);
  EXPECT_EQ(world.graph.live_processes(), 3U);
}

TEST(ChainGraphTest, AFullTableForgetsDeadLeavesBeforeWhatALiveProcessCameFrom) {
  ChainOptions options;
  options.max_processes = 3;
  World world(options);
  const Actor stem = ChildOf(world.entry, 101, 20), living = ChildOf(stem, 102, 21);
  const Actor leaf = ChildOf(world.entry, 103, 22), fresh = ChildOf(living, 104, 23);
  world.graph.Apply(Exec(stem, "/bin/stem", 20));
  world.graph.Apply(Exec(living, "/bin/living", 21));
  world.graph.Apply(Exit(stem, 30));
  world.graph.Apply(Exec(leaf, "/bin/leaf", 31));
  world.graph.Apply(Exit(leaf, 40));

  world.graph.Apply(Exec(fresh, "/bin/fresh", 41));

  EXPECT_FALSE(world.graph.Explain(103).ok());
  for (const uint32_t pid : {101, 102, 104}) EXPECT_TRUE(world.graph.Explain(pid).ok()) << pid;
  EXPECT_EQ(world.graph.evicted(), 1U);
}

TEST(ChainGraphTest, WhatALiveProcessCameFromGoesBeforeANewOneIsTurnedAway) {
  ChainOptions options;
  options.max_processes = 2;
  World world(options);
  const Actor stem = ChildOf(world.entry, 101, 20), living = ChildOf(stem, 102, 21);
  world.graph.Apply(Exec(stem, "/bin/stem", 20));
  world.graph.Apply(Exec(living, "/bin/living", 21));
  world.graph.Apply(Exit(stem, 30));

  world.graph.Apply(Exec(ChildOf(living, 103, 31), "/bin/fresh", 31));

  EXPECT_FALSE(world.graph.Explain(101).ok());
  for (const uint32_t pid : {102, 103}) EXPECT_TRUE(world.graph.Explain(pid).ok()) << pid;
}

TEST(ChainGraphTest, ADeadBranchGoesFromItsLeafToItsStem) {
  ChainOptions options;
  options.max_processes = 3;
  World world(options);
  const Actor stem = ChildOf(world.entry, 101, 20), leaf = ChildOf(stem, 102, 21);
  const Actor other = ChildOf(world.entry, 103, 22);
  for (const Actor& actor : {stem, leaf, other}) world.graph.Apply(Exec(actor, "/bin/a", 25));
  for (const Actor& actor : {stem, leaf, other}) world.graph.Apply(Exit(actor, 30));

  world.graph.Apply(Exec(ChildOf(world.entry, 104, 31), "/bin/b", 31));
  EXPECT_FALSE(world.graph.Explain(102).ok());
  world.graph.Apply(Exec(ChildOf(world.entry, 105, 32), "/bin/b", 32));

  EXPECT_FALSE(world.graph.Explain(101).ok());
  EXPECT_TRUE(world.graph.Explain(103).ok());
}

TEST(ChainGraphTest, WhatWasPassedOverGoesWhenItsGraceIsOver) {
  ChainOptions options;
  options.max_processes = 3;
  options.ended_grace_ns = 100;
  World world(options);
  const Actor stem = ChildOf(world.entry, 101, 20), living = ChildOf(stem, 102, 21);
  const Actor leaf = ChildOf(world.entry, 103, 22);
  for (const Actor& actor : {stem, living, leaf}) world.graph.Apply(Exec(actor, "/bin/a", 25));
  for (const Actor& actor : {stem, leaf}) world.graph.Apply(Exit(actor, 30));
  world.graph.Apply(Exec(ChildOf(living, 104, 31), "/bin/b", 31));
  EXPECT_TRUE(world.graph.Explain(101).ok());

  world.graph.Reap(130);

  EXPECT_FALSE(world.graph.Explain(101).ok());
  EXPECT_TRUE(world.graph.Explain(102).ok());
}

TEST(ChainGraphTest, AFullTableNeverForgetsALiveProcess) {
  ChainOptions options;
  options.max_processes = 3;
  World world(options);
  world.BuildThreeHops();

  const Event event = world.graph.Apply(Exec(ChildOf(world.entry, 101, 60), "/bin/new")).back();

  EXPECT_EQ(event.process.exe, "/bin/new");  // the event is whole, only the table lacks it
  EXPECT_EQ(event.process.key.tgid, 101U);
  EXPECT_EQ(event.workload.container, "web");
  EXPECT_EQ(world.graph.evicted(), 1U);
  EXPECT_FALSE(world.graph.Explain(101).ok());
  for (const uint32_t pid : {100, 200, 300}) EXPECT_TRUE(world.graph.Explain(pid).ok()) << pid;
}

TEST(ChainGraphTest, MakingRoomForAProcessDoesNotForgetTheHopItIsIn) {
  ChainOptions options;
  options.max_processes = 1;
  World world(options);
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));
  world.graph.Apply(Exit(world.entry, 50));

  const auto events = world.graph.Apply(Exec(ChildOf(world.entry, 101, 45), "/bin/a", 60));

  EXPECT_THAT(Types(events), ElementsAre(EventType::kExec));
  EXPECT_EQ(world.graph.Chains(false).at(0).hops.at(0).hop.kind, HopKind::kContainerEntrypoint);
}

TEST(ChainGraphTest, AHopRecordSurvivesTheRoomMadeForItsOwnProcess) {
  ChainOptions options;
  options.max_processes = 1;
  World world(options);
  world.graph.Apply(Exec(world.shell, "/bin/sh"));
  world.graph.Apply(Exit(world.shell, 50));

  world.graph.Apply(
      Hop(kExecHop, kOrigin, HopKind::kRuntimeExec, ChildOf(world.shell, 201, 45), 60));

  EXPECT_EQ(world.graph.Chains(false).at(0).hops.at(0).hop.kind, HopKind::kRuntimeExec);
}

TEST(ChainGraphTest, TooManyHopsForgetTheEndedAndKeepTheLiving) {
  ChainOptions options;
  options.max_hops = 10;
  World world(options);
  for (uint32_t i = 0; i < 100; ++i) {
    Actor actor = In(1000 + i, 1000 + i, 1000 + i);
    actor.chain_id = actor.hop_id;
    world.graph.Apply(Hop(actor.hop_id, 0, HopKind::kRuntimeExec, actor, 1000 + i));
    if (i >= 5) world.graph.Apply(Exit(actor, 2000 + i));
  }

  world.graph.Reap(3000);

  const std::vector<ChainInfo> chains = world.graph.Chains(true);
  EXPECT_THAT(chains, SizeIs(10));
  EXPECT_EQ(std::count_if(chains.begin(), chains.end(),
                          [](const ChainInfo& chain) { return chain.alive; }),
            5);
  EXPECT_EQ(world.graph.evicted(), 90U);
}

TEST(ChainGraphTest, HopsThatNoProcessWasKeptForAreBoundedToo) {
  ChainOptions options;
  options.max_processes = 1;
  options.max_hops = 10;
  World world(options);
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));
  for (uint32_t i = 0; i < 100; ++i) {
    Actor actor = In(1000 + i, 1000 + i, 1000 + i);
    actor.chain_id = actor.hop_id;
    world.graph.Apply(Hop(actor.hop_id, 0, HopKind::kRuntimeExec, actor, 1000 + i));
  }

  world.graph.Reap(3000);

  EXPECT_THAT(world.graph.Chains(true), SizeIs(1));
  EXPECT_TRUE(world.graph.Explain(100).ok());
}

TEST(ChainGraphTest, ARecordWithoutAnyHopMakesNoChain) {
  World world;
  Actor actor = In(0, 100, 5);
  actor.chain_id = 0;

  EXPECT_THAT(Types(world.graph.Apply(Exec(actor, "/bin/a"))), ElementsAre(EventType::kExec));
  EXPECT_THAT(world.graph.Apply(Hop(0, 0, HopKind::kNone, actor)), IsEmpty());
  world.graph.Apply(Exec(In(kOrigin, 100, 5), "/bin/a"));
  world.graph.Apply(Exec(actor, "/bin/a"));
  EXPECT_EQ(world.graph.live_chains(), 0U);
}

TEST(ChainGraphTest, AConnectNamesBothAddressesAndThePeer) {
  World world;
  world.BuildThreeHops();
  SocketRecord record = Connect(world.shell);
  record.peer_hop_id = kSshHop;
  record.peer_process = world.login.self;
  record.result = -111;

  const Event event = world.graph.Apply(record).back();

  EXPECT_EQ(event.type, EventType::kConnect);
  EXPECT_EQ(event.socket->family, "inet");
  EXPECT_EQ(event.socket->peer, "10.0.0.1:443");
  EXPECT_EQ(event.socket->type, "stream");
  EXPECT_EQ(event.socket->result, -111);
  EXPECT_EQ(event.socket->peer_hop_id, kSshHop);
  EXPECT_EQ(event.socket->peer_process->exe, "/bin/bash");
}

TEST(ChainGraphTest, AConnectNamesTheHopOfWhoListens) {
  World world;
  world.BuildThreeHops();
  SocketRecord record = Connect(world.shell);
  record.peer_process = world.login.self;

  const Event event = world.graph.Apply(record).back();

  EXPECT_EQ(event.socket->peer_hop_id, kSshHop);
}

TEST(ChainGraphTest, AUnixPathStandsOnTheSideThatBoundIt) {
  World world;
  SocketRecord record = Connect(world.shell);
  record.peer = {AddressFamily::kUnix, 0, 0, {}};
  record.unix_path.value = "@agent";

  const Event connect = world.graph.Apply(record).back();
  record.operation = SocketOperation::kListen;
  std::swap(record.local, record.peer);
  const Event listen = world.graph.Apply(record).back();

  EXPECT_EQ(connect.socket->family, "unix");
  EXPECT_EQ(connect.socket->peer, "@agent");
  EXPECT_EQ(connect.socket->local, "");
  EXPECT_EQ(listen.type, EventType::kListen);
  EXPECT_EQ(listen.socket->local, "@agent");
}

TEST(ChainGraphTest, AFamilyThatIsNotKnownIsNotGuessed) {
  World world;
  SocketRecord record = Connect(world.shell);
  record.peer = {};

  EXPECT_EQ(world.graph.Apply(record).back().socket->family, "");
}

TEST(ChainGraphTest, AVerdictNamesItsRuleAndStaysWithTheProcess) {
  World world;
  world.BuildThreeHops();

  const Event event = world.graph.Apply(Denied(world.login)).back();

  ASSERT_TRUE(event.verdict.has_value());
  EXPECT_EQ(event.verdict->policy, "policy-4");
  EXPECT_EQ(event.verdict->rule, "rule-2");
  EXPECT_EQ(event.verdict->action, Action::kDeny);
  EXPECT_EQ(event.verdict->mode, Mode::kEnforce);
  EXPECT_TRUE(event.verdict->applied);
  EXPECT_EQ(event.verdict->subject, "/etc/shadow");
  EXPECT_EQ(event.verdict->error, "");
  EXPECT_EQ(event.file->path, "/etc/shadow");
  EXPECT_EQ(event.file->access, "read write");
  EXPECT_THAT(world.graph.Explain(300)->process.verdicts, SizeIs(1));
}

TEST(ChainGraphTest, ATryToGetAtNestorIsToldAsTamperWithWhoDidIt) {
  World world;
  GuardRecord record;
  record.actor = Denied(world.shell).actor;
  record.target = Guarded::kProcess;
  record.signal = 9;
  record.applied = true;

  const Event event = world.graph.Apply(record).back();

  EXPECT_EQ(event.type, EventType::kTamper);
  EXPECT_EQ(event.tamper->what, "guard-process");
  EXPECT_EQ(event.tamper->detail, "signal 9 to nestord: refused");
  EXPECT_EQ(event.process.key, record.actor.self);
}

TEST(ChainGraphTest, AVerdictOfAPeerNamesItsAddressAndTheNameThatItIsKnownBy) {
  World world;
  VerdictRecord record = Denied(world.shell);
  record.stage = Stage::kConnect;
  record.access = 0;
  record.peer = {AddressFamily::kInet, 443, 0, {10, 0, 0, 1}};
  record.subject.value = "";
  EXPECT_EQ(world.graph.Apply(record).back().verdict->subject, "10.0.0.1:443");

  record.subject.value = "xmr.pool.test";
  EXPECT_EQ(world.graph.Apply(record).back().verdict->subject, "10.0.0.1:443 (xmr.pool.test)");
}

TEST(ChainGraphTest, AVerdictThatCouldNotBeAppliedSaysWhy) {
  World world;
  VerdictRecord record = Denied(world.shell);
  record.applied = false;
  record.error = -1;
  record.subject.value = "";
  record.stage = Stage::kConnect;
  record.access = 0;
  record.peer = {AddressFamily::kInet, 443, 0, {10, 0, 0, 1}};

  const Event event = world.graph.Apply(record).back();

  EXPECT_EQ(event.verdict->error, "apply: Operation not permitted");
  EXPECT_EQ(event.verdict->subject, "10.0.0.1:443");
  EXPECT_FALSE(event.file.has_value());
}

TEST(ChainGraphTest, AProcessThatTriesForEverKeepsABoundedNumberOfVerdicts) {
  World world;
  for (int i = 0; i < 100; ++i) world.graph.Apply(Denied(world.shell));

  EXPECT_THAT(world.graph.Explain(200)->process.verdicts, SizeIs(64));
}

TEST(ChainGraphTest, ASeededProcessOfAPodIsPublishedAsPreExisting) {
  World world;
  Actor actor = In(kOrigin, 100, 5);
  actor.origin = HopKind::kPreExisting;
  actor.flags.pre_existing = true;
  ProcessInfo info;
  info.exe = "/bin/app";

  const std::vector<Event> events = world.graph.ApplySeed(actor, info);

  ASSERT_THAT(Types(events), ElementsAre(EventType::kHop, EventType::kExec));
  EXPECT_EQ(events[0].hop->kind, HopKind::kPreExisting);
  EXPECT_EQ(events[0].hop->evidence, "ran before nestord started");
  EXPECT_EQ(events[0].hop->to.process.exe, "/bin/app");
  EXPECT_TRUE(events[1].process.pre_existing);
  EXPECT_EQ(events[1].process.exe, "/bin/app");
  EXPECT_EQ(events[1].process.key, actor.self);
  EXPECT_EQ(events[1].boot_ns, 5U);
}

TEST(ChainGraphTest, ASeededProcessOfTheHostIsKeptInSilence) {
  World world;
  ProcessInfo info;
  info.exe = "/sbin/init";

  EXPECT_THAT(world.graph.ApplySeed(In(kOrigin, 1, 1, 0), info), IsEmpty());
  EXPECT_EQ(world.graph.Explain(1)->process.process.exe, "/sbin/init");
}

// As a restarted nestord finds it: hops in the kernel's table, and the tasks that live in them.
TEST(ChainGraphTest, WhatAnEarlierNestordKnewIsThereAgainWithoutAnExecOrAnEndedProcess) {
  World world;
  ProcessInfo info;
  info.exe = "/bin/sh";

  const std::vector<Event> events =
      world.graph.ApplyKnown({Hop(kOrigin, 0, HopKind::kContainerEntrypoint, In(kOrigin, 90, 1)),
                              Hop(kExecHop, kOrigin, HopKind::kSshLogin, In(kExecHop, 91, 2))},
                             {{In(kExecHop, 200, 5), info}}, kNow);

  EXPECT_THAT(Types(events), ElementsAre(EventType::kHop, EventType::kHop));
  EXPECT_EQ(world.graph.live_processes(), 1U);
  const auto explained = world.graph.Explain(200);
  ASSERT_TRUE(explained);
  EXPECT_THAT(explained->chain.hops, SizeIs(2));
  EXPECT_EQ(explained->process.process.exe, "/bin/sh");
  EXPECT_FALSE(explained->process.process.pre_existing);
}

TEST(ChainGraphTest, ARecordToldAgainAfterARestartChangesNothing) {
  World world;
  const Actor actor = In(kOrigin, 100, 5);
  const HopRecord hop = Hop(kOrigin, 0, HopKind::kContainerEntrypoint, actor);
  world.graph.ApplyKnown({hop}, {{actor, {}}}, kNow);

  EXPECT_THAT(world.graph.Apply(hop), IsEmpty());
  EXPECT_THAT(Types(world.graph.Apply(Exec(actor, "/bin/app"))), ElementsAre(EventType::kExec));
  EXPECT_EQ(world.graph.live_processes(), 1U);
  EXPECT_THAT(world.graph.Chains(false), SizeIs(1));
}

TEST(ChainGraphTest, AKnownHopThatNobodyIsInStaysForItsGraceAndIsThenForgotten) {
  World world;
  world.graph.ApplyKnown({Hop(kOrigin, 0, HopKind::kContainerEntrypoint, In(kOrigin, 90, 1)),
                          Hop(kExecHop, kOrigin, HopKind::kSshLogin, In(kExecHop, 91, 2))},
                         {}, kNow);

  world.graph.Reap(kNow + kGrace - 1);
  EXPECT_THAT(world.graph.TakeForgotten(), IsEmpty());
  world.graph.Reap(kNow + kGrace);

  EXPECT_THAT(world.graph.TakeForgotten(), ElementsAre(kExecHop, kOrigin));
  EXPECT_THAT(world.graph.TakeForgotten(), IsEmpty());
  EXPECT_THAT(world.graph.Chains(true), IsEmpty());
}

TEST(ChainGraphTest, AKnownHopThatSomebodyEnteredSinceStays) {
  World world;
  world.graph.ApplyKnown({Hop(kOrigin, 0, HopKind::kContainerEntrypoint, In(kOrigin, 90, 1))}, {},
                         kNow);
  world.graph.Apply(Exec(In(kOrigin, 100, 5), "/bin/app"));

  world.graph.Reap(kNow + kGrace);

  EXPECT_THAT(world.graph.TakeForgotten(), IsEmpty());
  EXPECT_THAT(world.graph.Chains(false), SizeIs(1));
}

TEST(ChainGraphTest, ANameThatComesLateIsFilledInEverywhereAndAnnouncedOnce) {
  World world;
  world.containers[kWeb].pending = true;
  HopRecord to_sidecar = Hop(kSshHop, kExecHop, HopKind::kSshLogin, world.login, 40);
  to_sidecar.from_container_cgroup_id = kWeb;
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, world.entry));
  world.graph.Apply(to_sidecar);
  Workload named;
  named.container_id = "web";
  named.pod = "shop-1";

  const auto first = world.graph.ApplyWorkload(kWeb, named);
  const auto second = world.graph.ApplyWorkload(kWeb, named);

  ASSERT_THAT(Types(first), ElementsAre(EventType::kWorkload));
  EXPECT_EQ(first[0].workload.pod, "shop-1");
  EXPECT_THAT(second, IsEmpty());
  const ChainInfo chain = world.graph.Chains(false).at(0);
  EXPECT_EQ(chain.hops[0].hop.to.workload.pod, "shop-1");
  EXPECT_EQ(chain.hops[1].hop.from.workload.pod, "shop-1");
  EXPECT_EQ(chain.hops[1].hop.to.workload.pod, "");
  EXPECT_EQ(chain.processes[0].workload.pod, "shop-1");
}

TEST(ChainGraphTest, ANameThatWasKnownFromTheStartNeedsNoAnnouncement) {
  World world;
  world.BuildThreeHops();

  EXPECT_THAT(world.graph.ApplyWorkload(kWeb, Workload()), IsEmpty());
}

TEST(ChainGraphTest, ExplainGoesFromTheOriginToTheProcessOnly) {
  World world;
  world.BuildThreeHops();
  const Actor child = ChildOf(world.login, 301, 45), aside = ChildOf(world.entry, 101, 46);
  world.graph.Apply(Exec(child, "/usr/bin/env", 45));
  world.graph.Apply(Exec(aside, "/usr/bin/other", 46));

  const Result<Explanation> explanation = world.graph.Explain(301);

  ASSERT_TRUE(explanation.ok());
  EXPECT_THAT(HopIds(explanation->chain), ElementsAre(kOrigin, kExecHop, kSshHop));
  EXPECT_THAT(Pids(explanation->chain), ElementsAre(300U, 301U));
  EXPECT_EQ(explanation->chain.id, kOrigin);
  EXPECT_EQ(explanation->chain.workload.container, "web");
  EXPECT_EQ(explanation->process.process.exe, "/usr/bin/env");
  EXPECT_TRUE(explanation->chain.alive);
}

TEST(ChainGraphTest, ExplainOfAReusedPidMeansTheLivingProcess) {
  World world;
  const Actor first = In(kOrigin, 100, 5), second = In(kOrigin, 100, 60);
  world.graph.Apply(Exec(first, "/bin/old"));
  world.graph.Apply(Exit(first, 50));
  world.graph.Apply(Exec(second, "/bin/new", 61));
  EXPECT_EQ(world.graph.Explain(100)->process.process.exe, "/bin/new");

  world.graph.Apply(Exit(second, 70));
  EXPECT_EQ(world.graph.Explain(100)->process.process.exe, "/bin/new");  // the later one
}

TEST(ChainGraphTest, ALiveProcessGoesBeforeALaterOneThatEnded) {
  World world;
  const Actor live = In(kOrigin, 100, 5), ended = In(kOrigin, 100, 60);
  world.graph.Apply(Exec(live, "/bin/live"));  // its exit is still to come, or was lost
  world.graph.Apply(Exec(ended, "/bin/ended", 61));
  world.graph.Apply(Exit(ended, 70));

  EXPECT_EQ(world.graph.Explain(100)->process.process.exe, "/bin/live");
}

TEST(ChainGraphTest, ExplainOfAnUnknownPidIsNotFound) {
  const Result<Explanation> explanation = World().graph.Explain(9);

  ASSERT_FALSE(explanation.ok());
  EXPECT_EQ(explanation.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(explanation.error().message, "no process 9 in any chain");
}

TEST(ChainGraphTest, AProcessThatCrossesMovesToTheNewHop) {
  World world;
  world.BuildThreeHops();
  Actor crossed = world.entry;
  crossed.hop_id = kExecHop;
  crossed.container_cgroup_id = kSidecar;

  const Event event = world.graph.Apply(Exec(crossed, "/bin/app2", 60)).back();

  EXPECT_EQ(event.hop_id, kExecHop);
  EXPECT_EQ(event.workload.container, "sidecar");
  EXPECT_EQ(world.graph.Explain(100)->process.hop_id, kExecHop);
  EXPECT_EQ(world.graph.live_processes(), 3U);
}

TEST(ChainGraphTest, CgroupRecordsAreNotForTheGraph) {
  EXPECT_THAT(World().graph.Apply(CgroupRecord()), IsEmpty());
}

constexpr HopId kOutgoing = 91, kFarHop = 4711;

ChainOptions KnowsNodeB() {
  ChainOptions options;
  options.peer_nodes[6] = "node-b";
  return options;
}

// The ssh of BuildThreeHops' shell goes on to another node.
HopRecord ToNodeB(const Actor& client) {
  HopRecord hop = Hop(kOutgoing, kExecHop, HopKind::kTcpRemote, client, 50);
  hop.entered = false;
  hop.chain_id = kOrigin;
  hop.depth = 2;
  hop.detail = kOutgoingHop;
  hop.from = client.self;
  hop.from_container_cgroup_id = kWeb;
  hop.remote_hop_id = kFarHop;
  hop.remote_pid = 812;
  hop.remote_node = 6;
  return hop;
}

TEST(ChainGraphTest, AHopToAnotherNodeIsToldAndNamesIt) {
  World world(KnowsNodeB());
  world.BuildThreeHops();

  const auto events = world.graph.Apply(ToNodeB(world.shell));

  ASSERT_THAT(Types(events), ElementsAre(EventType::kHop));
  EXPECT_EQ(events[0].hop_id, kOutgoing);
  EXPECT_EQ(events[0].process.key, world.shell.self);
  ASSERT_TRUE(events[0].hop->remote);
  EXPECT_EQ(events[0].hop->remote->node, "node-b");
  EXPECT_EQ(events[0].hop->remote->hop_id, kFarHop);
  EXPECT_EQ(events[0].hop->remote->pid, 812u);
  EXPECT_EQ(events[0].hop->detail, "outgoing");
}

TEST(ChainGraphTest, ExplainShowsWhereTheProcessItselfWentOn) {
  World world(KnowsNodeB());
  world.BuildThreeHops();
  world.graph.Apply(ToNodeB(world.shell));

  EXPECT_THAT(HopIds(world.graph.Explain(200)->chain), ElementsAre(kOrigin, kExecHop, kOutgoing));
  EXPECT_THAT(HopIds(world.graph.Explain(300)->chain), ElementsAre(kOrigin, kExecHop, kSshHop));
  EXPECT_THAT(HopIds(world.graph.Chains(true)[0]), testing::Contains(kOutgoing));
}

TEST(ChainGraphTest, AHopToAnotherNodeGoesWithTheHopThatItLeft) {
  ChainOptions options = KnowsNodeB();
  options.ended_grace_ns = 10;
  World world(options);
  const Actor actor = In(kOrigin, 100, 5);
  world.graph.Apply(Hop(kOrigin, 0, HopKind::kContainerEntrypoint, actor));
  world.graph.Apply(ToNodeB(actor));
  world.graph.Apply(Exit(actor, 60));

  world.graph.Reap(1000);

  EXPECT_THAT(world.graph.Chains(true), IsEmpty());
  EXPECT_EQ(world.graph.evicted(), 0u);
}

TEST(ChainGraphTest, OneHopKeepsTheNewestOfManyWaysToOtherNodes) {
  World world(KnowsNodeB());
  world.BuildThreeHops();
  for (HopId id = 1000; id < 1100; ++id) {
    HopRecord record = ToNodeB(world.shell);
    record.id = id;
    world.graph.Apply(record);
  }

  const auto ids = HopIds(world.graph.Explain(200)->chain);

  EXPECT_THAT(ids, SizeIs(2 + 64));
  EXPECT_EQ(ids.back(), 1099u);
}

TEST(ChainGraphTest, AChainFromAnotherNodeSaysFromWhichHop) {
  World world(KnowsNodeB());
  HopRecord record = Hop(kOrigin, 0, HopKind::kSshLogin, world.entry);
  record.transport = HopKind::kTcpRemote;
  record.remote_hop_id = kFarHop;
  record.remote_pid = 97;
  record.remote_node = 7;  // no peer is called so: the settings changed

  const auto events = world.graph.Apply(record);

  ASSERT_TRUE(events[0].hop->remote);
  EXPECT_EQ(events[0].hop->remote->node, "");
  EXPECT_THAT(events[0].hop->evidence, HasSubstr("process 97 of another node"));
}

TEST(ChainGraphTest, ARefusedOptionIsAnEventOfTheContainerWhoseSocketItCameTo) {
  World world(KnowsNodeB());
  TamperRecord record;
  record.time_ns = 70;
  record.peer = {AddressFamily::kInet, 40001, 0, {10, 88, 1, 200}};
  record.local = {AddressFamily::kInet, 22, 0, {10, 88, 2, 2}};
  record.claimed_hop_id = kFarHop;
  record.node = 6;
  record.container_cgroup_id = kWeb;
  record.reason = TamperReason::kForged;

  const auto events = world.graph.Apply(record);

  ASSERT_THAT(Types(events), ElementsAre(EventType::kTamper));
  EXPECT_EQ(events[0].workload.container, "web");
  EXPECT_EQ(events[0].socket->peer, "10.88.1.200:40001");
  EXPECT_EQ(events[0].tamper->what, "option-forged");
  EXPECT_EQ(events[0].tamper->node, "node-b");
  EXPECT_EQ(events[0].tamper->claimed_hop_id, kFarHop);
  EXPECT_EQ(events[0].tamper->detail,
            "tcp 10.88.1.200:40001 -> 10.88.2.2:22, from node node-b: claims a hop with a tag that "
            "no key gives");
}

}  // namespace
}  // namespace nestor
