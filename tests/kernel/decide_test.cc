// SPDX-License-Identifier: Apache-2.0
// What a policy forbids does not happen, whichever way it is tried.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/base/unique_fd.h"
#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {
namespace {

constexpr char kForbidArgument[] = R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  rules:
  - name: no-forbidden
    exec:
      paths: [/**/true, /**/kernel_victim]
      args: [forbidden]
)";

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
      access: read
)";

// Built beside this test; ends with 5 when its argument is the forbidden one.
std::string VictimPath() {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  const std::string path(self, length > 0 ? static_cast<size_t>(length) : 0);
  return path.substr(0, path.rfind('/')) + "/kernel_victim";
}

std::string Audited(std::string policy) {
  return policy.replace(policy.find("enforce"), 7, "audit");
}

class DecideTest : public testing::Test {
 protected:
  void SetUp() override {
    Node::Get().Drain([](const auto&) { return false; });
  }
  void TearDown() override { Node::Get().SetPolicy(""); }

  static std::vector<VerdictRecord> Verdicts() {
    return Only<VerdictRecord>(Node::Get().Drain(
        [](const std::vector<Record>& all) { return !Only<VerdictRecord>(all).empty(); }));
  }
};

TEST_F(DecideTest, AForbiddenArgumentIsRefusedAndTheRestRuns) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);

  EXPECT_EQ(Wait(container.Exec({"/bin/true", "allowed"})), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true a forbidden b"})), 126);

  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].action, Action::kDeny);
  EXPECT_EQ(verdicts[0].mode, Mode::kEnforce);
  EXPECT_EQ(verdicts[0].stage, Stage::kBprm);
  EXPECT_TRUE(verdicts[0].applied);
  EXPECT_TRUE(verdicts[0].subject.value.ends_with("/bin/true"));
}

TEST_F(DecideTest, AuditTellsAndLetsRun) {
  const Sandbox container;
  Node::Get().SetPolicy(Audited(kForbidArgument));

  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true forbidden"})), 0);

  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].mode, Mode::kAudit);
  EXPECT_FALSE(verdicts[0].applied);
}

TEST_F(DecideTest, TheHostIsNotJudged) {
  Node::Get().SetPolicy(kForbidArgument);

  EXPECT_EQ(Wait(StartChild([] { return ExecHere({"/bin/true", "forbidden"}); })), 0);
}

TEST_F(DecideTest, AFileIsRefusedThroughALinkAndByAnyReader) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidShadow);

  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "cat /etc/passwd >/dev/null"})), 0);
  EXPECT_NE(Wait(container.Exec({"/bin/sh", "-c", "cat /etc/shadow 2>/dev/null"})), 0);
  EXPECT_NE(Wait(container.Exec(
                {"/bin/sh", "-c", "ln -sf /etc/shadow /tmp/link; cat /tmp/link 2>/dev/null"})),
            0);
  EXPECT_NE(Wait(container.Exec({"/bin/sh", "-c", "read line < /etc/shadow"})), 0);
  const pid_t opens = container.Start([] {
    Wait(StartChild([] { return ExecHere({"/bin/true"}); }));
    return ExecHere({"/usr/bin/python3", "-c",
                     "import errno\n"
                     "try: open('/proc/self/root/etc/shadow')\n"
                     "except PermissionError as error: exit(error.errno)"});
  });
  EXPECT_EQ(Wait(opens), EPERM);

  EXPECT_EQ(Verdicts().size(), 4u);
}

TEST_F(DecideTest, ASocketPathIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  rules:
  - name: no-runtime-socket
    connect:
      unix: [/run/containerd/*]
  - name: no-metadata
    connect:
      cidrs: [169.254.169.254/32, 127.9.0.0/16]
      ports: [80, 1000-2000]
)");
  const char* const tries = R"(
import socket, errno
def code(family, address):
    s = socket.socket(family, socket.SOCK_STREAM)
    try: s.connect(address)
    except OSError as error: return error.errno
    return 0
assert code(socket.AF_UNIX, '/run/containerd/containerd.sock') == errno.EPERM
assert code(socket.AF_INET, ('127.9.1.1', 80)) == errno.EPERM
assert code(socket.AF_INET, ('127.9.1.1', 1500)) == errno.EPERM
assert code(socket.AF_INET, ('127.9.1.1', 81)) == errno.ECONNREFUSED
assert code(socket.AF_INET, ('127.8.1.1', 80)) == errno.ECONNREFUSED
assert code(socket.AF_INET6, ('::ffff:127.9.1.1', 80)) == errno.EPERM
)";

  EXPECT_EQ(Wait(container.Exec({"/usr/bin/python3", "-c", tries})), 0);
}

// The argument changes all the time: between the system call's look and the copy, too.
[[noreturn]] void* FlipForEver(void* argument) {
  auto* byte = static_cast<volatile char*>(argument);
  for (;;) {
    *byte = 'F';
    for (volatile int i = 0; i < 300; i = i + 1) continue;
    *byte = 'f';
    for (volatile int i = 0; i < 300; i = i + 1) continue;
  }
}

TEST_F(DecideTest, ARaceOnArgvNeverRunsTheForbidden) {
  constexpr int kRounds = 200, kRanForbidden = 5;
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);
  int refused = 0, killed = 0, harmless = 0;
  const std::string victim = VictimPath();
  for (int round = 0; round < kRounds; ++round) {
    const pid_t child = container.Start([&] {
      static char argument[] = "forbidden";
      pthread_t flipper;
      pthread_create(&flipper, nullptr, FlipForEver, argument);
      usleep(1000 + static_cast<unsigned>(round) * 7);
      char* argv[] = {const_cast<char*>(victim.c_str()), argument, nullptr};
      execv(victim.c_str(), argv);
      return 100 + errno;
    });
    const int result = Wait(child);
    ASSERT_NE(result, kRanForbidden) << "round " << round;
    refused += result == kRefused;
    killed += result == kKilled;
    harmless += result == 0;
  }
  std::printf("argv race: refused %d, killed %d, ran with another argument %d\n", refused, killed,
              harmless);
  EXPECT_EQ(refused + killed + harmless, kRounds);
  EXPECT_GT(refused + killed, 0);
}

// A 32-bit system call from a 64-bit program: the entry tracepoints do not see it.
TEST_F(DecideTest, A32BitExecIsKilledAtTheLatest) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);
  const pid_t child = container.Start([] {
    void* low =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) return 90;
    auto* page = static_cast<char*>(low);
    std::strcpy(page, "/bin/true");
    std::strcpy(page + 64, "forbidden");
    const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(page));
    const uint32_t argv[3] = {address, address + 64, 0};
    std::memcpy(page + 128, argv, sizeof(argv));
    constexpr int kExecve32 = 11;
    int result = kExecve32;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(address), "c"(address + 128), "d"(0)
                 : "memory", "r8", "r9", "r10", "r11");
    return 100 - result;
  });

  EXPECT_EQ(Wait(child), kKilled);
  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].stage, Stage::kExec);
  EXPECT_TRUE(verdicts[0].applied);
}

TEST_F(DecideTest, ExecveatOfADescriptorIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);
  const pid_t child = container.Start([] {
    const int file = open("/bin/true", O_PATH | O_CLOEXEC);
    const char* argv[] = {"x", "forbidden", nullptr};
    const char* environment[] = {nullptr};
    syscall(SYS_execveat, file, "", argv, environment, AT_EMPTY_PATH);
    return 100 + errno;
  });

  EXPECT_EQ(Wait(child), kRefused);
}

}  // namespace
}  // namespace nestor
