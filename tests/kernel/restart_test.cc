// SPDX-License-Identifier: Apache-2.0
// What outlives nestord: chains, hop ids, records, rules, counters; and that two starts hand over
// without a gap.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/kernel/decode.h"
#include "agent/kernel/pin_directory.h"
#include "agent/kernel/probes.h"
#include "agent/policy/compile.h"
#include "agent/policy/document.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

constexpr char kPins[] = "/sys/fs/bpf/nestor-test";

constexpr char kForbidShadow[] = R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  rules:
  - name: no-shadow
    file:
      paths: [/etc/shadow]
)";

template <typename T>
std::vector<T> Only(const std::vector<Record>& records) {
  std::vector<T> found;
  for (const Record& record : records) {
    if (const T* one = std::get_if<T>(&record)) found.push_back(*one);
  }
  return found;
}

ProbeOptions Options() {
  ProbeOptions options;
  options.node_scope = true;
  options.pin_directory = kPins;
  options.control_ring_bytes = 64U << 20;
  return options;
}

// Where many starts follow each other and only execs and opens matter: what sockets need is most of
// what each start verifies.
ProbeOptions WithoutSockets() {
  ProbeOptions options = Options();
  options.without = {"on_tcp_connect",    "again_tcp_connect",       "lsm_sock_graft",
                     "lsm_socket_bind",   "lsm_socket_listen",       "lsm_socket_sendmsg",
                     "lsm_unix_may_send", "lsm_unix_stream_connect", "on_receive",
                     "seed_sockets"};
  return options;
}

// One start of nestord's kernel side; its end leaves everything in the kernel.
class Start {
 public:
  explicit Start(const ProbeOptions& options = Options()) {
    auto opened = Probes::Open(options);
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return;
    probes_ = std::move(*opened);
  }

  // An orderly end; without it, it is as if killed.
  ~Start() {
    if (probes_ && !killed_) probes_->events().Finish();
  }
  void Kill() { killed_ = true; }

  void Begin() {
    const Status attached = probes_->Attach();
    EXPECT_TRUE(attached) << attached.error().message;
    auto seeded = probes_->Seed();
    EXPECT_TRUE(seeded) << seeded.error().message;
    seeded_ = std::move(*seeded);
  }

  void SetPolicy(const std::string& yaml) {
    auto documents = ParsePolicies(yaml, "test.yaml");
    ASSERT_TRUE(documents) << documents.error().message;
    auto compiled = Compile(*documents, probes_->inheritance().policy_generation + ++loads_);
    ASSERT_TRUE(compiled) << compiled.error().message;
    probes_->LoadProgramsFor(*compiled);  // as the pipeline does
    const Status loaded = probes_->LoadPolicies(*compiled, {});
    ASSERT_TRUE(loaded) << loaded.error().message;
  }

  // All that is in the rings now.
  std::vector<Record> Take() {
    std::vector<Record> records;
    for (int quiet = 0; quiet < 2;) {
      auto count = probes_->events().Poll(std::chrono::milliseconds(50), [&](auto bytes) {
        auto record = Decode(bytes);
        EXPECT_TRUE(record) << record.error().message;
        if (record) records.push_back(std::move(*record));
      });
      EXPECT_TRUE(count);
      quiet = *count == 0 ? quiet + 1 : 0;
    }
    return records;
  }

  std::optional<SeededProcess> Seeded(pid_t pid) const {
    for (const SeededProcess& process : seeded_) {
      if (process.actor.self.tgid == static_cast<uint32_t>(pid)) return process;
    }
    return std::nullopt;
  }

  std::optional<HopRecord> Hop(HopId id) {
    auto hops = probes_->Hops();
    EXPECT_TRUE(hops) << hops.error().message;
    for (const HopRecord& hop : *hops) {
      if (hop.id == id) return hop;
    }
    return std::nullopt;
  }

  Probes& probes() { return *probes_; }
  const Probes& probes() const { return *probes_; }

 private:
  std::unique_ptr<Probes> probes_;
  bool killed_ = false;
  uint64_t loads_ = 0;
  std::vector<SeededProcess> seeded_;
};

std::vector<ExecRecord> ExecsWith(const std::vector<Record>& records, const std::string& argument) {
  std::vector<ExecRecord> found;
  for (ExecRecord& exec : Only<ExecRecord>(records)) {
    if (std::count(exec.argv.begin(), exec.argv.end(), argument) > 0)
      found.push_back(std::move(exec));
  }
  return found;
}

// How many starts have programs attached.
int Instances() {
  const std::string command = "exit $(ls " + std::string(kPins) + "/state-*/links | wc -l)";
  return WEXITSTATUS(system(command.c_str()));
}

class RestartTest : public testing::Test {
 protected:
  void SetUp() override { RemoveAll(); }
  void TearDown() override { RemoveAll(); }

  static Removal RemoveAll() {
    auto pins = PinDirectory::Open(kPins, 1000);
    EXPECT_TRUE(pins) << pins.error().message;
    return pins->RemoveAll();
  }

  // A shell in a container that runs the commands written to `to`.
  struct Shell {
    explicit Shell(const Sandbox& container) {
      int ends[2];
      EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
      pid = container.Start([&] {
        dup2(ends[0], 0);
        return ExecHere({"/bin/sh"});
      });
      close(ends[0]);
      to = fdopen(ends[1], "w");
    }
    void Say(const std::string& command) const {
      std::fprintf(to, "%s\n", command.c_str());
      std::fflush(to);
    }
    void End() const {
      fclose(to);
      EXPECT_EQ(Wait(pid), 0);
    }
    pid_t pid = 0;
    FILE* to = nullptr;
  };
};

// How many processes have an end of such a connection, by what /proc says.
int Connected(const std::string& socket_table, const std::string& line) {
  const std::string command = "exit $(grep -c '" + line + "' " + socket_table + ")";
  return WEXITSTATUS(system(command.c_str()));
}

TEST_F(RestartTest, ConnectionsThatAreOlderThanNestordAreKnown) {
  const Sandbox servers, clients;
  const auto talk = [](const Sandbox& where, std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/python3", "/payload/talk.py"});
    return where.Exec(words);
  };
  const pid_t over_unix = talk(servers, {"serve", "older-unix", "1"});
  const pid_t over_tcp = talk(servers, {"serve", "4741", "1"});
  const pid_t unix_client = talk(clients, {"ask-when-told", "older-unix", "by-unix"});
  const pid_t tcp_client = talk(clients, {"ask-when-told", "4741", "by-tcp"});
  // Both ends of both are there: 0x1285 is 4741, 01 established; 03 a connected unix socket.
  while (Connected("/proc/net/tcp", "1285 .*01 000") < 2) usleep(10'000);
  while (Connected("/proc/net/unix", " 03 .*@older-unix") < 1) usleep(10'000);
  usleep(500'000);  // and both are accepted

  Start run;
  run.Begin();
  std::vector<Record> all;
  const auto take = [&] {
    for (Record& record : run.Take()) all.push_back(std::move(record));
  };
  take();
  kill(unix_client, SIGUSR1);
  kill(tcp_client, SIGUSR1);
  for (const pid_t child : {unix_client, tcp_client, over_unix, over_tcp}) {
    EXPECT_EQ(Wait(child), 0);
  }
  take();

  const struct {
    const char* word;
    HopKind kind;
    pid_t client, server;
  } expected[] = {{"by-unix", HopKind::kUnixSocket, unix_client, over_unix},
                  {"by-tcp", HopKind::kTcp, tcp_client, over_tcp}};
  for (const auto& [word, kind, client, server] : expected) {
    SCOPED_TRACE(word);
    const auto execs = ExecsWith(all, word);
    ASSERT_EQ(execs.size(), 1u);
    const auto hop = run.Hop(execs[0].actor.hop_id);
    ASSERT_TRUE(hop);
    EXPECT_EQ(hop->kind, kind);
    EXPECT_EQ(hop->from.tgid, static_cast<uint32_t>(client));
    EXPECT_EQ(hop->server.tgid, static_cast<uint32_t>(server));
    EXPECT_EQ(hop->confidence, Confidence::kInferred);
    EXPECT_TRUE(hop->detail & kOlderConnection);
    const auto seeded = run.Seeded(client);
    ASSERT_TRUE(seeded);
    EXPECT_EQ(hop->parent_id, seeded->actor.hop_id);
  }
}

// A fresh start knows cgroups only by what they are called, and who started whom.
TEST_F(RestartTest, WhoIsOlderThanNestordIsInTheContainerThatItCameInto) {
  const Sandbox container, other;
  const std::string nested = container.directory() + "/" + std::string(64, 'd');
  ASSERT_EQ(mkdir(nested.c_str(), 0755), 0);
  std::vector<pid_t> entries;
  const auto enter = [&](const std::string& cgroup) {
    entries.push_back(container.Exec(
        {"/bin/sh", "-c", "(echo 0 > " + cgroup + "/cgroup.procs; exec sleep 600) & wait"}));
  };
  enter(nested);
  enter(other.directory());
  enter("/sys/fs/cgroup");
  const auto child_of = [](pid_t parent) {
    std::ifstream file("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                       "/children");
    pid_t child = 0;
    file >> child;
    return child;
  };
  std::vector<pid_t> children;
  for (const pid_t entry : entries) {
    while (child_of(entry) == 0) usleep(1000);
    children.push_back(child_of(entry));
    AwaitProgram(children.back(), "/sleep");
  }

  Start start;
  start.Begin();

  for (size_t i = 0; i < children.size(); ++i) {
    const auto entry = start.Seeded(entries[i]), child = start.Seeded(children[i]);
    ASSERT_TRUE(entry && child) << i;
    EXPECT_EQ(entry->actor.container_cgroup_id, container.cgroup_id()) << i;
    EXPECT_EQ(child->actor.container_cgroup_id, container.cgroup_id()) << i;
    EXPECT_EQ(child->actor.hop_id, entry->actor.hop_id) << i;
  }
  for (const pid_t child : children) kill(child, SIGKILL);
  for (const pid_t entry : entries) Wait(entry);
  EXPECT_EQ(rmdir(nested.c_str()), 0);
}

TEST_F(RestartTest, AProcessKeepsItsHopAndNothingIsMissed) {
  const Sandbox container;
  HopId before = 0;
  std::unique_ptr<Shell> shell;
  {
    Start first;
    first.Begin();
    EXPECT_FALSE(first.probes().inheritance().continued);
    shell = std::make_unique<Shell>(container);
    shell->Say("/bin/true one");
    const Sandbox other;
    EXPECT_EQ(Wait(other.Exec({"/bin/true", "until-here"})), 0);
    while (before == 0) {
      const auto records = first.Take();
      if (const auto found = ExecsWith(records, "one"); !found.empty())
        before = found[0].actor.hop_id;
    }
  }
  // Nobody reads: a command of the shell, and a new hop.
  shell->Say("/bin/true two");
  EXPECT_EQ(Wait(container.Exec({"/bin/true", "between"})), 0);
  usleep(200'000);

  Start second;
  EXPECT_TRUE(second.probes().inheritance().continued);
  second.Begin();

  const auto known = second.Seeded(shell->pid);
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->known);
  EXPECT_FALSE(known->actor.flags.pre_existing);
  EXPECT_EQ(known->actor.hop_id, before);
  shell->Say("/bin/true three");
  shell->End();
  const auto records = second.Take();
  for (const char* const argument : {"two", "three"}) {
    const auto found = ExecsWith(records, argument);
    ASSERT_EQ(found.size(), 1u) << argument;
    EXPECT_EQ(found[0].actor.hop_id, before);
  }
  const auto between = ExecsWith(records, "between");
  ASSERT_EQ(between.size(), 1u);
  EXPECT_NE(between[0].actor.hop_id, before);
  const auto hop = second.Hop(between[0].actor.hop_id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, HopKind::kRuntimeExec);
  const auto origin = second.Hop(before);
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->kind, HopKind::kContainerEntrypoint);
}

TEST_F(RestartTest, WhatAKilledStartReadLastIsReadAgain) {
  const Sandbox container;
  {
    Start first;
    first.Begin();
    EXPECT_EQ(Wait(container.Exec({"/bin/true", "told"})), 0);
    EXPECT_EQ(ExecsWith(first.Take(), "told").size(), 1u);
    first.Kill();
  }
  Start second;
  second.Begin();

  EXPECT_EQ(ExecsWith(second.Take(), "told").size(), 1u);
  EXPECT_TRUE(second.probes().TakeLosses().empty());
}

// No reader comes, and the ring cannot keep all for the next start.
TEST_F(RestartTest, WhatAKilledStartHadToGiveUpIsCounted) {
  constexpr size_t kRounds = 8, kCommands = 5;
  const Sandbox container;
  ProbeOptions small = Options();
  small.control_ring_bytes = 64U << 10;
  {
    Start first(small);
    first.Begin();
    for (size_t round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < kCommands; ++i) {
        EXPECT_EQ(Wait(container.Exec({"/bin/true", "untold"})), 0);
      }
      EXPECT_EQ(ExecsWith(first.Take(), "untold").size(), kCommands);
      first.probes().events().Note(100 * (round + 1), 0);
    }
    first.Kill();
  }
  Start second(small);
  second.Begin();

  const size_t again = ExecsWith(second.Take(), "untold").size();
  const auto lost = second.probes().TakeLosses();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].where, "undelivered");
  EXPECT_GT(again, 0u);
  EXPECT_LT(again, kRounds * kCommands);
  EXPECT_GE(again + lost[0].count, kRounds * kCommands);
}

TEST_F(RestartTest, AForgottenHopLeavesTheTable) {
  Start run;
  run.Begin();
  const Sandbox container;
  EXPECT_EQ(Wait(container.Exec({"/bin/true", "mark"})), 0);
  const auto execs = ExecsWith(run.Take(), "mark");
  ASSERT_EQ(execs.size(), 1u);
  ASSERT_TRUE(run.Hop(execs[0].actor.hop_id));

  run.probes().ForgetHops({execs[0].actor.hop_id});

  EXPECT_FALSE(run.Hop(execs[0].actor.hop_id));
}

TEST_F(RestartTest, RulesHoldWithoutNestordAndGoOnWithTheNext) {
  const Sandbox container;
  const std::vector<std::string> read_shadow = {"/bin/cat", "/etc/shadow"};
  uint64_t generation = 0;
  {
    Start first;
    first.SetPolicy(kForbidShadow);
    first.Begin();
    EXPECT_NE(Wait(container.Exec(read_shadow)), 0);
    first.Take();
  }
  EXPECT_NE(Wait(container.Exec(read_shadow)), 0);

  Start second;
  generation = second.probes().inheritance().policy_generation;
  EXPECT_EQ(generation, 1u);
  second.SetPolicy(kForbidShadow);
  second.Begin();
  EXPECT_NE(Wait(container.Exec(read_shadow)), 0);

  const auto verdicts = Only<VerdictRecord>(second.Take());
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].generation, generation);
  EXPECT_EQ(verdicts[1].generation, generation + 1);
}

// Ends with 1 if the file was ever opened; else leaves how often it was tried as the size of a
// file.
constexpr char kOpener[] = R"(
import os, time
tries = 0
while not os.path.exists('/tmp/restart-over'):
  tries += 1
  try:
    open('/etc/shadow')
    os._exit(1)
  except PermissionError: time.sleep(0.002)
os.truncate(os.open('/tmp/restart-tries', 66), tries)
)";

constexpr char kStarter[] = R"(
import os
execs = 0
while not os.path.exists('/tmp/restart-over'):
  os.spawnv(os.P_WAIT, '/bin/true', ['true', 'mark%d' % execs])
  execs += 1
os.truncate(os.open('/tmp/restart-execs', 66), execs)
)";

// Until then they are this program, with its files and its lock.
void AwaitProgram(const std::vector<pid_t>& pids, const std::string& name) {
  for (const pid_t pid : pids) {
    std::string comm;
    while (comm != name) {
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> comm;
      usleep(1000);
    }
  }
}

int64_t SizeOf(const char* path) {
  struct stat info{};
  EXPECT_EQ(stat(path, &info), 0) << path;
  return info.st_size;
}

// Programs start and a forbidden file is opened all the time, while one nestord after the other
// takes over; they rest while it loads, so that the rings take all.
TEST_F(RestartTest, NoEventIsSeenTwiceOrByNobodyWhileStartsHandOver) {
  constexpr int kStarts = 8;
  const Sandbox container;
  auto current = std::make_unique<Start>(WithoutSockets());
  current->SetPolicy(kForbidShadow);
  current->Begin();
  const pid_t opener = container.Exec({"/usr/bin/python3", "-c", kOpener});
  const pid_t starter = container.Exec({"/usr/bin/python3", "-c", kStarter});
  AwaitProgram({opener, starter}, "python3");
  std::vector<Record> records;
  for (int start = 0; start < kStarts; ++start) {
    for (const pid_t pid : {opener, starter}) kill(pid, SIGSTOP);
    std::ranges::move(current->Take(), std::back_inserter(records));
    current.reset();
    current = std::make_unique<Start>(WithoutSockets());
    ASSERT_TRUE(current->probes().inheritance().continued);
    current->SetPolicy(kForbidShadow);
    for (const pid_t pid : {opener, starter}) kill(pid, SIGCONT);
    current->Begin();
  }
  EXPECT_EQ(system("touch /tmp/restart-over"), 0);
  EXPECT_EQ(Wait(opener), 0) << "a forbidden file was opened";
  EXPECT_EQ(Wait(starter), 0);
  std::ranges::move(current->Take(), std::back_inserter(records));
  EXPECT_TRUE(current->probes().TakeLosses().empty());
  current.reset();
  EXPECT_EQ(Instances(), 1);

  const int64_t tries = SizeOf("/tmp/restart-tries"), execs = SizeOf("/tmp/restart-execs");
  EXPECT_EQ(system("rm -f /tmp/restart-*"), 0);
  std::map<std::string, int> seen;
  for (const ExecRecord& exec : Only<ExecRecord>(records)) {
    if (exec.argv.size() == 2 && exec.argv[1].starts_with("mark")) ++seen[exec.argv[1]];
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(execs));
  for (const auto& [argument, times] : seen) EXPECT_EQ(times, 1) << argument;
  EXPECT_EQ(Only<VerdictRecord>(records).size(), static_cast<size_t>(tries));
  std::printf("%d starts, %ld execs, %ld refused opens\n", kStarts, execs, tries);
}

// How many programs that judge are attached.
int Judges() {
  const std::string command =
      "exit $(ls -d " + std::string(kPins) + "/state-*/links/*/decide_* " + "2>/dev/null | wc -l)";
  return WEXITSTATUS(system(command.c_str()));
}

TEST_F(RestartTest, ProgramsThatJudgeAreAttachedWhileARuleNeedsThem) {
  const Sandbox container;
  const std::vector<std::string> read_shadow = {"/bin/cat", "/etc/shadow"};
  int judges = 0;
  {
    Start first;
    first.Begin();
    EXPECT_EQ(Judges(), 0);
    first.SetPolicy(kForbidShadow);
    judges = Judges();
    EXPECT_GT(judges, 0);
    EXPECT_NE(Wait(container.Exec(read_shadow)), 0);
  }
  Start second;
  second.Begin();
  EXPECT_EQ(Judges(), judges) << "the rules of the one before are in force";
  EXPECT_NE(Wait(container.Exec(read_shadow)), 0);
  second.SetPolicy("");
  EXPECT_EQ(Judges(), 0);
  EXPECT_EQ(Wait(container.Exec(read_shadow)), 0);
}

TEST_F(RestartTest, ALossIsToldOnceWhoeverTellsIt) {
  {
    Start first;
    first.Begin();
    EXPECT_EQ(Wait(StartChild([] { return ExecHere({"/bin/true", std::string(60'000, 'x')}); })),
              0);
  }
  {
    Start second;
    second.Begin();
    const auto told = second.probes().TakeLosses();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].where, "argv-truncated");
    EXPECT_EQ(told[0].count, 1u);
    second.probes().ConfirmLosses(told);
    EXPECT_TRUE(second.probes().TakeLosses().empty());
  }
  Start third;
  EXPECT_TRUE(third.probes().TakeLosses().empty());
}

// Killed while it attaches, pins and takes over from the one before: rules never pause, and the
// next one finds its way.
TEST_F(RestartTest, AStartThatIsKilledDoesNotStandInTheWayOfTheNext) {
  constexpr int kRounds = 8;
  const Sandbox container;
  std::chrono::nanoseconds step{};
  {
    Start first(WithoutSockets());
    first.SetPolicy(kForbidShadow);
    const auto begin = std::chrono::steady_clock::now();
    first.Begin();
    step = (std::chrono::steady_clock::now() - begin) / kRounds;
  }
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = StartChild([&] {
      Start start(WithoutSockets());
      start.SetPolicy(kForbidShadow);
      if (write(ends[1], "x", 1) != 1) return 1;
      start.Begin();
      pause();
      return 0;
    });
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
    std::this_thread::sleep_for(step * round);
    kill(child, SIGKILL);
    EXPECT_EQ(Wait(child), 1000 + SIGKILL);
    for (const int end : ends) close(end);
    EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "cat /etc/shadow 2>/dev/null"})), 1);
  }

  Start last(WithoutSockets());
  EXPECT_TRUE(last.probes().inheritance().continued);
  last.Begin();
  last.Take();
  EXPECT_EQ(Instances(), 1);
  EXPECT_EQ(Wait(container.Exec({"/bin/true", "after"})), 0);
  EXPECT_NE(Wait(container.Exec({"/bin/sh", "-c", "cat /etc/shadow 2>/dev/null"})), 0);
  const auto records = last.Take();
  EXPECT_EQ(ExecsWith(records, "after").size(), 1u);
  EXPECT_EQ(Only<VerdictRecord>(records).size(), 1u);
}

TEST_F(RestartTest, AStateThatDoesNotFitIsReplaced) {
  {
    auto pins = PinDirectory::Open(kPins, 0);
  }
  const std::string other = std::string(kPins) + "/state-0000000000000001";
  ASSERT_EQ(mkdir(other.c_str(), 0700), 0);

  Start run;

  EXPECT_TRUE(run.probes().inheritance().lost);
  EXPECT_FALSE(run.probes().warnings().empty());
  EXPECT_EQ(access(other.c_str(), F_OK), 0) << "it goes only when the new one works";
  run.Begin();
  EXPECT_NE(access(other.c_str(), F_OK), 0);
}

TEST_F(RestartTest, AProgramIsLeftOutByItsNameAndSaid) {
  ProbeOptions options = WithoutSockets();
  const Start run(options);

  for (const Capability& hook : run.probes().capabilities()) {
    if (hook.name != "hook:lsm_socket_bind") continue;
    EXPECT_FALSE(hook.available);
    EXPECT_THAT(hook.fix, testing::HasSubstr("take `lsm_socket_bind` out of kernel.without"));
  }
  const std::vector<Capability>& hooks = run.probes().capabilities();
  EXPECT_EQ(std::ranges::count(hooks, std::string("hook:lsm_socket_bind"), &Capability::name), 1);
}

TEST_F(RestartTest, WhatCannotBeLeftOutIsAnError) {
  const struct {
    const char* name;
    const char* reason;
  } wrong[] = {{"on_exec", "nothing works without `on_exec`"},
               {"on_recieve", "there is no program `on_recieve`; did you mean `on_receive`?"}};
  for (const auto& [name, reason] : wrong) {
    ProbeOptions options = Options();
    options.without = {name};
    const auto opened = Probes::Open(options);
    ASSERT_FALSE(opened) << name;
    EXPECT_THAT(opened.error().message, testing::HasSubstr(reason));
  }
}

TEST_F(RestartTest, OneRunsAtATimeAndTheOtherIsNamed) {
  const Start first;

  auto second = Probes::Open(Options());

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              testing::HasSubstr("another nestord (pid " + std::to_string(getpid()) + ")"));
}

TEST_F(RestartTest, RemovingLeavesNothing) {
  const Sandbox container;
  {
    Start run;
    run.SetPolicy(kForbidShadow);
    run.Begin();
  }
  EXPECT_NE(Wait(container.Exec({"/bin/cat", "/etc/shadow"})), 0);

  const Removal removal = RemoveAll();

  EXPECT_GT(removal.links, 20u);
  EXPECT_GT(removal.maps, 20u);
  EXPECT_THAT(removal.left, testing::IsEmpty());
  EXPECT_NE(access(kPins, F_OK), 0);
  int result = 1;
  for (int tries = 0; result != 0 && tries < 50; ++tries) {  // the kernel detaches a little later
    usleep(100'000);
    result = Wait(container.Exec({"/bin/sh", "-c", "cat /etc/shadow >/dev/null"}));
  }
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace nestor
