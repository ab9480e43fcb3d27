// SPDX-License-Identifier: Apache-2.0
// Which request a server works for: by descriptors that move, by threads and processes that hand
// work on, by connections that several use. tests/kernel/talk.py has the servers and the clients.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

std::string Beside(const std::string& name) {
  const std::string victim = VictimPath();
  return victim.substr(0, victim.rfind('/') + 1) + name;
}

pid_t Say(const Sandbox& where, std::vector<std::string> words) {
  words.insert(words.begin(), {"/usr/bin/python3", Beside("talk.py")});
  return where.Exec(words);
}

class RequestTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }

  // Reads until each of these words was run, and remembers everything.
  void Collect(const std::vector<std::string>& words) {
    records_ = Node::Get().Drain([&](const std::vector<Record>& all) {
      return std::all_of(words.begin(), words.end(),
                         [&](const std::string& word) { return FindExec(all, word).has_value(); });
    });
  }

  static std::optional<ExecRecord> FindExec(const std::vector<Record>& records,
                                            const std::string& word) {
    for (const ExecRecord& exec : ExecsOf(records, "true")) {
      if (exec.argv.size() == 2 && exec.argv[1] == word) return exec;
    }
    return std::nullopt;
  }

  ExecRecord Exec(const std::string& word) {
    auto exec = FindExec(records_, word);
    EXPECT_TRUE(exec) << word << " was not seen";
    return exec.value_or(ExecRecord{});
  }

  HopRecord Hop(HopId id) {
    auto hop = FindHop(records_, id);
    EXPECT_TRUE(hop) << "hop " << id << " was not announced";
    return hop.value_or(HopRecord{});
  }

  HopRecord HopOf(const std::string& word) { return Hop(Exec(word).actor.hop_id); }

  // The word was run in a hop of this kind that came from this client.
  void ExpectServed(const std::string& word, HopKind kind, pid_t client, Confidence confidence) {
    SCOPED_TRACE(word);
    const HopRecord hop = HopOf(word);
    EXPECT_EQ(hop.kind, kind);
    EXPECT_EQ(hop.from.tgid, static_cast<uint32_t>(client));
    EXPECT_EQ(hop.confidence, confidence);
    EXPECT_EQ(Hop(hop.parent_id).actor.self.tgid, static_cast<uint32_t>(client));
  }

  // The clients of an ambiguous hop's candidates.
  std::vector<pid_t> ClientsOf(const HopRecord& hop) {
    EXPECT_EQ(hop.candidate_count, hop.candidates.size());
    std::vector<pid_t> clients;
    for (const HopId candidate : hop.candidates) {
      clients.push_back(static_cast<pid_t>(Hop(candidate).from.tgid));
    }
    return clients;
  }

  // The word was run for one of these clients, and which one is not known.
  void ExpectOneOf(const std::string& word, const std::vector<pid_t>& clients) {
    SCOPED_TRACE(word);
    EXPECT_EQ(HopOf(word).confidence, Confidence::kAmbiguous);
    EXPECT_THAT(ClientsOf(HopOf(word)), UnorderedElementsAreArray(clients));
  }

  // Asks a server that serves this way with `count` words, all at once; who asked with which one.
  // In what order they come is the scheduler's.
  std::map<std::string, pid_t> AskAll(const std::string& way, int count) {
    const Sandbox servers, clients;
    const pid_t server = Say(servers, {way, "rt-" + way});
    std::map<std::string, pid_t> asking;
    for (int client = 0; client < count; ++client) {
      const std::string word = way + "-" + std::to_string(client);
      asking[word] = Say(clients, {"ask", "rt-" + way, word});
    }
    for (const auto& [word, client] : asking) EXPECT_EQ(Wait(client), 0);
    EXPECT_EQ(Wait(server), 0);
    records_ = Node::Get().DrainUntilExit(static_cast<uint32_t>(server));
    return asking;
  }

  // What was said of an ambiguous hop when it was settled.
  std::optional<HopRecord> Settled(HopId id) const {
    for (const Record& record : records_) {
      const auto* hop = std::get_if<HopRecord>(&record);
      if (hop && hop->id == id && (hop->detail & kSettledHop)) return *hop;
    }
    return std::nullopt;
  }

  ExecRecord OnlyExec() {
    const std::vector<ExecRecord> execs = ExecsOf(records_, "true");
    EXPECT_EQ(execs.size(), 1u);
    return execs.empty() ? ExecRecord{} : execs[0];
  }

  std::vector<Record> records_;
};

TEST_F(RequestTest, ADatagramByItsSenderAlone) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-datagrams", "rt-dgram", "2"});
  const pid_t one = Say(first, {"send-datagram", "rt-dgram", "from-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"send-datagram", "rt-dgram", "from-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"from-one", "from-two"});
  ExpectServed("from-one", HopKind::kUnixSocket, one, Confidence::kExact);
  ExpectServed("from-two", HopKind::kUnixSocket, two, Confidence::kExact);
}

TEST_F(RequestTest, ASeqpacketConnection) {
  const Sandbox servers, clients;
  const pid_t server = Say(servers, {"serve-seqpacket", "rt-seq", "1"});
  const pid_t client = Say(clients, {"ask-seqpacket", "rt-seq", "seqpacket"});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"seqpacket"});
  ExpectServed("seqpacket", HopKind::kUnixSocket, client, Confidence::kExact);
}

TEST_F(RequestTest, APassedConnectionGoesOnUnderItsNewHolder) {
  const Sandbox servers, clients;
  const pid_t worker = Say(servers, {"work-on-passed", "rt-worker", "on-passed"});
  const pid_t server = Say(servers, {"pass-connection", "rt-pass", "rt-worker"});
  const pid_t client = Say(clients, {"ask", "rt-pass", "x"});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(worker), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"on-passed"});
  const HopRecord passed = HopOf("on-passed");
  EXPECT_EQ(passed.kind, HopKind::kFdPass);
  EXPECT_EQ(passed.from.tgid, static_cast<uint32_t>(server));
  EXPECT_EQ(passed.server.tgid, static_cast<uint32_t>(worker));
  const HopRecord connection = Hop(passed.parent_id);
  EXPECT_EQ(connection.kind, HopKind::kUnixSocket);
  EXPECT_EQ(connection.from.tgid, static_cast<uint32_t>(client));
  EXPECT_EQ(connection.server.tgid, static_cast<uint32_t>(server));
  EXPECT_FALSE(connection.entered);
  EXPECT_EQ(passed.confidence, Confidence::kExact);
}

TEST_F(RequestTest, APassedListenerServesItsOwnClients) {
  const Sandbox servers, clients;
  const pid_t worker = Say(servers, {"accept-on-passed", "rt-worker", "on-listener"});
  const pid_t server = Say(servers, {"pass-listener", "rt-listener", "rt-worker"});
  const pid_t client = Say(clients, {"ask", "rt-listener", "x"});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(worker), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"on-listener"});
  ExpectServed("on-listener", HopKind::kUnixSocket, client, Confidence::kExact);
  EXPECT_EQ(HopOf("on-listener").server.tgid, static_cast<uint32_t>(worker));
}

TEST_F(RequestTest, AConnectionTakenByPidfdGetfdGoesOnUnderWhoTookIt) {
  constexpr char kFirstFreeDescriptor[] = "4";  // after the listener, which is 3
  const Sandbox servers, clients;
  const pid_t server = Say(servers, {"hold", "rt-hold"});
  const pid_t client = Say(clients, {"ask", "rt-hold", "x"});
  const pid_t thief =
      Say(servers, {"steal", std::to_string(server), kFirstFreeDescriptor, "stolen"});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(thief), 0);
  kill(server, SIGKILL);
  Wait(server);

  Collect({"stolen"});
  const HopRecord taken = HopOf("stolen");
  EXPECT_EQ(taken.kind, HopKind::kFdPass);
  EXPECT_EQ(taken.from.tgid, static_cast<uint32_t>(server));
  EXPECT_EQ(Hop(taken.parent_id).from.tgid, static_cast<uint32_t>(client));
}

TEST_F(RequestTest, APreforkedWorkerThatIsToldOverASocketpair) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-prefork", "rt-prefork", "2"});
  const pid_t one = Say(first, {"ask", "rt-prefork", "prefork-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-prefork", "prefork-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"prefork-one", "prefork-two"});
  const std::pair<const char*, pid_t> expected[] = {{"prefork-one", one}, {"prefork-two", two}};
  for (const auto& [word, client] : expected) {
    SCOPED_TRACE(word);
    const HopRecord told = HopOf(word);
    EXPECT_EQ(told.kind, HopKind::kUnixSocket);
    EXPECT_EQ(told.from.tgid, static_cast<uint32_t>(server));
    EXPECT_EQ(told.confidence, Confidence::kInferred);
    EXPECT_EQ(Hop(told.parent_id).from.tgid, static_cast<uint32_t>(client));
  }
}

TEST_F(RequestTest, APoolsWorkerThatIsWokenByTheThreadThatReceived) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-pool", "rt-pool", "2"});
  const pid_t one = Say(first, {"ask", "rt-pool", "pool-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-pool", "pool-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"pool-one", "pool-two"});
  ExpectServed("pool-one", HopKind::kUnixSocket, one, Confidence::kInferred);
  ExpectServed("pool-two", HopKind::kUnixSocket, two, Confidence::kInferred);
}

TEST_F(RequestTest, AWorkerThatBeginsWhenItsRequestIsAnswered) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-queue", "rt-queue", "2"});
  const pid_t one = Say(first, {"ask", "rt-queue", "queue-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-queue", "queue-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"queue-one", "queue-two"});
  ExpectServed("queue-one", HopKind::kUnixSocket, one, Confidence::kInferred);
  ExpectServed("queue-two", HopKind::kUnixSocket, two, Confidence::kInferred);
}

TEST_F(RequestTest, AWorkerIsAtItsRequestWhoeverWakesItAtALock) {
  constexpr int kWarm = 4;
  const Sandbox servers, clients, other;
  const pid_t server = Say(servers, {"serve-by-workers", "rt-workers", std::to_string(kWarm)});
  for (int round = 0; round < kWarm; ++round) {
    EXPECT_EQ(Wait(Say(other, {"ask", "rt-workers", "warm"})), 0);
  }
  const pid_t one = Say(clients, {"ask", "rt-workers", "worker-one"});
  while (access("/tmp/rt-workers", F_OK) != 0) usleep(10'000);  // it asks before the other one does
  EXPECT_EQ(unlink("/tmp/rt-workers"), 0);
  const pid_t two = Say(other, {"ask", "rt-workers", "worker-two"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"worker-one"});
  ExpectServed("worker-one", HopKind::kUnixSocket, one, Confidence::kInferred);
}

TEST_F(RequestTest, WhatAWorkerDidForOneOfTwoIsSettledByItsAnswer) {
  const std::map<std::string, pid_t> asking = AskAll("serve-both", 2);

  const bool zero_first = Exec("serve-both-0").time_ns < Exec("serve-both-1").time_ns;
  const std::string first = zero_first ? "serve-both-0" : "serve-both-1";
  const std::string second = zero_first ? "serve-both-1" : "serve-both-0";
  ExpectOneOf(first, {asking.at(first), asking.at(second)});
  const auto settled = Settled(Exec(first).actor.hop_id);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->confidence, Confidence::kInferred);
  EXPECT_EQ(settled->kind, HopKind::kUnixSocket);
  EXPECT_EQ(settled->from.tgid, static_cast<uint32_t>(asking.at(first)));
  EXPECT_EQ(settled->candidate_count, 0u);
  EXPECT_EQ(Hop(settled->parent_id).actor.self.tgid, static_cast<uint32_t>(asking.at(first)));
  // Its hop was told before, as a candidate: there the connection counts, not who works for it.
  ExpectServed(second, HopKind::kUnixSocket, asking.at(second), Confidence::kExact);
  EXPECT_EQ(Exec(second).actor.confidence, Confidence::kInferred);
  EXPECT_FALSE(Settled(Exec(second).actor.hop_id));
}

// The queue gives its first to whoever comes first, not to who was woken for it.
TEST_F(RequestTest, WorkersThatTakeEachOthersAreNotTakenToBeAtTheirOwn) {
  const std::map<std::string, pid_t> asking = AskAll("serve-swapped", 2);

  for (const auto& [word, client] : asking) {
    SCOPED_TRACE(word);
    const HopRecord first = HopOf(word);
    const HopRecord last = Settled(first.id).value_or(first);
    EXPECT_NE(last.confidence, Confidence::kAmbiguous);
    EXPECT_EQ(last.from.tgid, static_cast<uint32_t>(client));
  }
}

// Who was seen first to send may come second into the queue.
TEST_F(RequestTest, OfTwoThatSentBeforeAReceiveBothMessagesMayBeEithers) {
  const std::map<std::string, pid_t> asking = AskAll("serve-crowd", 2);

  for (const auto& [word, client] : asking) {
    ExpectOneOf(word, {asking.at("serve-crowd-0"), asking.at("serve-crowd-1")});
  }
}

TEST_F(RequestTest, OneConnectionAloneIsTheRequestUntilThereIsAnother) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-kept", "rt-kept"});
  const pid_t one = Say(first, {"ask-and-keep", "rt-kept", "kept", "kept-both"});
  while (access("/tmp/rt-kept", F_OK) != 0) usleep(10'000);
  EXPECT_EQ(unlink("/tmp/rt-kept"), 0);
  const pid_t two = Say(second, {"ask", "rt-kept", "x"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"kept", "kept-both"});
  ExpectServed("kept", HopKind::kUnixSocket, one, Confidence::kExact);
  ExpectOneOf("kept-both", {one, two});
}

TEST_F(RequestTest, WhatIsSentFirstIsForTheRequestThatConnected) {
  const Sandbox servers, relays, first, second;
  const pid_t server = Say(servers, {"serve", "rt-onward", "1"});
  const pid_t relay = Say(relays, {"serve-late", "rt-late", "rt-onward"});
  const pid_t one = Say(first, {"ask", "rt-late", "sent-late"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-late", "x"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(relay), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"sent-late"});
  const HopRecord onward = HopOf("sent-late");
  EXPECT_EQ(onward.from.tgid, static_cast<uint32_t>(relay));
  EXPECT_EQ(Hop(onward.parent_id).from.tgid, static_cast<uint32_t>(one));
}

TEST_F(RequestTest, WhatFollowsAnAnswerIsForThatRequestOrForOneThatWaits) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-after-answer", "rt-after"});
  const pid_t one = Say(first, {"ask", "rt-after", "after"});
  const pid_t two = Say(second, {"ask", "rt-after", "after"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"after"});
  ExpectOneOf("after", {one, two});
}

TEST_F(RequestTest, AThreadThatDoesOneThingAfterTheOtherIsAtTheLast) {
  const auto asking = AskAll("serve-in-order", 4);
  const ExecRecord exec = OnlyExec();
  ExpectServed(exec.argv.back(), HopKind::kUnixSocket, asking.at(exec.argv.back()),
               Confidence::kInferred);
}

TEST_F(RequestTest, AThreadThatGoesBackAndForthIsNotTakenToBeAtTheLastRequest) {
  const auto asking = AskAll("serve-back-and-forth", 6);
  const ExecRecord exec = OnlyExec();
  const std::vector<pid_t> named = ClientsOf(Hop(exec.actor.hop_id));
  EXPECT_EQ(Hop(exec.actor.hop_id).confidence, Confidence::kAmbiguous);
  EXPECT_EQ(named.size(), 3u);
  EXPECT_THAT(named, Contains(asking.at(exec.argv.back())));
}

TEST_F(RequestTest, AProcessThatMovesRequestsBetweenThreadsIsAtAnyOfItsRequests) {
  const auto asking = AskAll("serve-by-migrating", 3);
  const ExecRecord exec = OnlyExec();
  const std::vector<pid_t> named = ClientsOf(Hop(exec.actor.hop_id));
  EXPECT_EQ(Hop(exec.actor.hop_id).confidence, Confidence::kAmbiguous);
  EXPECT_EQ(named.size(), 4u);  // the answered one, too, and its own work
  EXPECT_THAT(named, Contains(asking.at(exec.argv.back())));
}

TEST_F(RequestTest, AGoroutineWhateverThreadItIsOn) {
  const std::string goroutines = Beside("goroutines");
  if (access(goroutines.c_str(), X_OK)) GTEST_SKIP() << "built without a Go toolchain";
  const Sandbox servers, first, second;
  const pid_t server = servers.Exec({goroutines, "rt-go"});
  const pid_t one = Say(first, {"ask", "rt-go", "go-one"});
  const pid_t two = Say(second, {"ask", "rt-go", "go-two"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"go-one", "go-two"});
  ExpectServed("go-one", HopKind::kUnixSocket, one, Confidence::kInferred);
  ExpectServed("go-two", HopKind::kUnixSocket, two, Confidence::kInferred);
}

TEST_F(RequestTest, ALoopWithTwoRequestsAtOnceIsAmbiguousAndNamesBoth) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-loop", "rt-loop", "2", "2"});
  const pid_t one = Say(first, {"ask", "rt-loop", "loop-one"});
  const pid_t two = Say(second, {"ask", "rt-loop", "loop-two"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"loop-one", "loop-two"});
  const std::string words[] = {"loop-one", "loop-two"};
  // Which one came first is the scheduler's; the one that is run first is ambiguous, the other is
  // alone by then.
  const bool one_first = Exec(words[0]).time_ns < Exec(words[1]).time_ns;
  const HopRecord earlier = HopOf(words[one_first ? 0 : 1]);
  EXPECT_EQ(earlier.confidence, Confidence::kAmbiguous);
  EXPECT_EQ(earlier.candidate_count, 2u);
  ASSERT_EQ(earlier.candidates.size(), 2u);
  std::vector<uint32_t> clients;
  for (const HopId candidate : earlier.candidates) clients.push_back(Hop(candidate).from.tgid);
  EXPECT_THAT(clients, Contains(static_cast<uint32_t>(one)));
  EXPECT_THAT(clients, Contains(static_cast<uint32_t>(two)));
  EXPECT_EQ(Hop(earlier.parent_id).actor.self.tgid, static_cast<uint32_t>(server));
  EXPECT_FALSE(Settled(earlier.id)) << "a thread that receives may have gone on to the other one";
  // It slept since it received the other one: the loop may be at its own work, too.
  const HopRecord later = HopOf(words[one_first ? 1 : 0]);
  EXPECT_EQ(later.confidence, Confidence::kAmbiguous);
  EXPECT_THAT(ClientsOf(later), Contains(one_first ? two : one));
}

TEST_F(RequestTest, ALoopWithOneRequestAtATimeIsNot) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-loop", "rt-turns", "2", "1"});
  const pid_t one = Say(first, {"ask", "rt-turns", "turn-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-turns", "turn-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"turn-one", "turn-two"});
  ExpectServed("turn-one", HopKind::kUnixSocket, one, Confidence::kExact);
  // The loop served somebody before: nothing proves that it is not at that.
  ExpectServed("turn-two", HopKind::kUnixSocket, two, Confidence::kInferred);
}

// Whom the candidates of an ambiguous hop name: its clients, and the server itself by its own hop.
TEST_F(RequestTest, WorkThatNobodyAskedForIsTheServersOwnOrOneThatWaits) {
  const Sandbox servers, first;
  const pid_t server = Say(servers, {"serve-beside-a-timer", "rt-beside"});
  const pid_t one = Say(first, {"ask", "rt-beside", "x"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"rt-beside-timer"});
  const HopRecord hop = HopOf("rt-beside-timer");
  EXPECT_EQ(hop.confidence, Confidence::kAmbiguous);
  EXPECT_THAT(ClientsOf(hop), Contains(one));
  EXPECT_THAT(hop.candidates, Contains(hop.parent_id)) << "the server's own hop";
}

TEST_F(RequestTest, WhatAServerIsAskedByItsOwnHopIsNoOtherClients) {
  const Sandbox servers, first;
  const pid_t server = Say(servers, {"serve-own-and-others", "rt-own"});
  const pid_t one = Say(first, {"ask", "rt-own", "own-one"});
  EXPECT_EQ(Wait(one), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"own-one", "rt-own-own"});
  EXPECT_EQ(HopOf("own-one").from.tgid, static_cast<uint32_t>(one));
  EXPECT_NE(Exec("own-one").actor.confidence, Confidence::kExact) << "a thread";
  const ExecRecord own = Exec("rt-own-own");
  EXPECT_EQ(Hop(own.actor.hop_id).actor.self.tgid, static_cast<uint32_t>(server))
      << testing::PrintToString(Hop(own.actor.hop_id).candidates) << " "
      << static_cast<int>(Hop(own.actor.hop_id).kind);
  EXPECT_NE(own.actor.confidence, Confidence::kExact);
}

TEST_F(RequestTest, AChildThatStaysWorksForWhoeverItsParentIsAskedBy) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-kept-child", "rt-child"});
  const pid_t one = Say(first, {"ask", "rt-child", "child-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-child", "child-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"child-one", "child-two"});
  EXPECT_EQ(HopOf("child-one").from.tgid, static_cast<uint32_t>(one));
  ExpectOneOf("child-two", {two, one});
}

TEST_F(RequestTest, AShellInATerminalWorksForWhoeverItsServerIsAskedBy) {
  const Sandbox servers, first, second;
  const pid_t server = Say(servers, {"serve-by-terminal", "rt-terminal"});
  const pid_t one = Say(first, {"ask", "rt-terminal", "terminal-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-terminal", "terminal-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(server), 0);

  Collect({"terminal-one", "terminal-two"});
  EXPECT_EQ(HopOf("terminal-one").from.tgid, static_cast<uint32_t>(one));
  ExpectOneOf("terminal-two", {two, one});
}

TEST_F(RequestTest, WhatABusPassesOnIsForWhoCalled) {
  const Sandbox buses, services, first, second;
  const pid_t bus = Say(buses, {"serve-as-bus", "rt-bus", "2"});
  const pid_t service = Say(services, {"join-bus", "rt-bus", "2"});
  while (access("/tmp/rt-bus", F_OK) != 0) usleep(10'000);
  EXPECT_EQ(unlink("/tmp/rt-bus"), 0);
  const pid_t one = Say(first, {"ask", "rt-bus", "bus-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", "rt-bus", "bus-two"});
  EXPECT_EQ(Wait(two), 0);
  EXPECT_EQ(Wait(service), 0);
  EXPECT_EQ(Wait(bus), 0);

  Collect({"bus-one", "bus-two"});
  const HopRecord pushed = HopOf("bus-one");
  EXPECT_EQ(pushed.kind, HopKind::kUnixSocket);
  EXPECT_EQ(pushed.from.tgid, static_cast<uint32_t>(bus));
  EXPECT_EQ(pushed.confidence, Confidence::kInferred);
  EXPECT_EQ(Hop(pushed.parent_id).from.tgid, static_cast<uint32_t>(one));
  // What the service sent last was not answered: this may be the answer, or another call.
  EXPECT_NE(Exec("bus-two").actor.confidence, Confidence::kExact);
}

// The relay keeps one connection to the server for all its clients, and starts nothing itself.
void OverARelaysConnection(const std::string& relay_name, const std::string& server_name,
                           HopKind kind, std::vector<Record>& records) {
  const Sandbox servers, relays, first, second;
  const pid_t server = Say(servers, {"serve-on-one-connection", server_name, "3"});
  const pid_t relay = Say(relays, {"relay", relay_name, server_name, "3"});
  const pid_t one = Say(first, {"ask", relay_name, "relayed-one"});
  EXPECT_EQ(Wait(one), 0);
  const pid_t two = Say(second, {"ask", relay_name, "relayed-two"});
  EXPECT_EQ(Wait(two), 0);
  const pid_t again = Say(first, {"ask", relay_name, "relayed-again"});
  EXPECT_EQ(Wait(again), 0);
  EXPECT_EQ(Wait(relay), 0);
  EXPECT_EQ(Wait(server), 0);

  records = Node::Get().DrainUntilExit(static_cast<uint32_t>(server));
  const std::pair<const char*, pid_t> expected[] = {
      {"relayed-one", one}, {"relayed-two", two}, {"relayed-again", again}};
  for (const auto& [word, client] : expected) {
    SCOPED_TRACE(word);
    for (const ExecRecord& exec : ExecsOf(records, "true")) {
      if (exec.argv.back() != word) continue;
      const auto onward = FindHop(records, exec.actor.hop_id);
      ASSERT_TRUE(onward);
      EXPECT_EQ(onward->kind, kind);
      EXPECT_EQ(onward->from.tgid, static_cast<uint32_t>(relay));
      EXPECT_EQ(onward->confidence, Confidence::kInferred);
      const auto above = FindHop(records, onward->parent_id);
      ASSERT_TRUE(above);
      EXPECT_EQ(above->from.tgid, static_cast<uint32_t>(client));
      EXPECT_FALSE(above->entered);
    }
  }
}

TEST_F(RequestTest, ARelayThatKeepsItsUnixConnection) {
  OverARelaysConnection("rt-relay", "rt-onward", HopKind::kUnixSocket, records_);
  EXPECT_EQ(ExecsOf(records_, "true").size(), 3u);
}

TEST_F(RequestTest, ARelayThatKeepsItsTcpConnection) {
  OverARelaysConnection("4721", "4722", HopKind::kTcp, records_);
  EXPECT_EQ(ExecsOf(records_, "true").size(), 3u);
}

// More senders than requests are remembered, one after the other: what was answered is not under
// way when the next one comes.
void ManyOverOneConnection(std::vector<std::string> server_words, const std::string& relay_name,
                           const std::string& server_name) {
  constexpr int kAsking = 20;
  Node::Get().Losses();
  const Sandbox servers, relays, clients;
  server_words.push_back(std::to_string(kAsking));
  const pid_t server = servers.Exec(server_words);
  const pid_t relay = Say(relays, {"relay", relay_name, server_name, std::to_string(kAsking)});
  for (int client = 0; client < kAsking; ++client)
    EXPECT_EQ(Wait(Say(clients, {"ask", relay_name, "over-one"})), 0);
  EXPECT_EQ(Wait(relay), 0);
  EXPECT_EQ(Wait(server), 0);
  EXPECT_THAT(Node::Get().Losses(), IsEmpty());
}

TEST_F(RequestTest, ManySendersOnAConnectionOfAThread) {
  ManyOverOneConnection(
      {"/usr/bin/python3", Beside("talk.py"), "serve-on-one-connection", "rt-thread"}, "rt-many",
      "rt-thread");
}

TEST_F(RequestTest, ManySendersOnAConnectionOfAGoroutine) {
  const std::string goroutines = Beside("goroutines");
  if (access(goroutines.c_str(), X_OK)) GTEST_SKIP() << "built without a Go toolchain";
  ManyOverOneConnection({goroutines, "rt-goroutine"}, "rt-many-go", "rt-goroutine");
}

TEST_F(RequestTest, TcpThroughATranslatedAddress) {
  const auto iptables = [](const char* operation) {
    return Wait(StartChild([operation] {
      return ExecHere({"/usr/sbin/iptables", "-t", "nat", operation, "OUTPUT", "-d", "198.51.100.7",
                       "-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination",
                       "198.51.100.8:4731"});
    }));
  };
  ASSERT_EQ(iptables("-A"), 0);
  for (const char* address : {"198.51.100.7/32", "198.51.100.8/32"}) {
    ASSERT_EQ(Wait(StartChild([address] {
                return ExecHere({"/sbin/ip", "address", "replace", address, "dev", "lo"});
              })),
              0);
  }
  Node::Get().Forget();
  const Sandbox servers, clients;
  const pid_t server = Say(servers, {"serve", "4731", "1"});
  const pid_t client = Say(clients, {"ask-at", "198.51.100.7", "80", "translated"});
  EXPECT_EQ(Wait(client), 0);
  EXPECT_EQ(Wait(server), 0);
  EXPECT_EQ(iptables("-D"), 0);

  Collect({"translated"});
  ExpectServed("translated", HopKind::kTcp, client, Confidence::kExact);
  EXPECT_EQ(HopOf("translated").detail & 1, 1u);  // NESTOR_CONNECTION_TRANSLATED
}

}  // namespace
}  // namespace nestor
