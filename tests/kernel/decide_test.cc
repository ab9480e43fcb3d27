// SPDX-License-Identifier: Apache-2.0
// What a policy forbids does not happen, whichever way it is tried.
#include "tests/kernel/decide.h"

#include <cerrno>
#include <cstdio>

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

// What a program's file is called ends no chain, so a rule about it holds below.
TEST_F(DecideTest, ARuleAboutAnOriginHoldsBelowAFileCalledCron) {
  const Sandbox container;
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);  // the entrypoint
  Node::Get().SetPolicy(
      InForce("  chain: {origins: [runtime-exec], maxDepth: 3}\n  rules:\n"
              "  - {name: no-true, exec: {paths: [\"/**/true\"], args: [forbidden]}}\n"));

  EXPECT_EQ(Sh(container,
               "cp /bin/bash /tmp/cron && /tmp/cron -c \"sh -c '/bin/true forbidden'; exit \\$?\""),
            126);
  EXPECT_EQ(Sh(container, "rm /tmp/cron"), 0);
  EXPECT_EQ(Verdicts().size(), 1u);
}

TEST_F(DecideTest, ARuleAboutDepthHoldsFromTheLeastToTheMost) {
  const Sandbox container;
  const std::string forbidden = "/bin/true forbidden; exit $?";
  const std::vector<std::string> below = {"/usr/bin/setpriv", "--reuid=65534", "/bin/sh", "-c",
                                          forbidden};
  const char* rule =
      "rules:\n  - {name: no-true, exec: {paths: [\"/**/true\"], args: [forbidden]}}\n";
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);  // the entrypoint

  Node::Get().SetPolicy(InForce(std::string("  chain: {minDepth: 1}\n  ") + rule));
  EXPECT_EQ(Sh(container, forbidden), 0);
  EXPECT_EQ(Wait(container.Exec(below)), 126);

  Node::Get().SetPolicy(InForce(std::string("  chain: {minDepth: 2}\n  ") + rule));
  EXPECT_EQ(Wait(container.Exec(below)), 0);

  Node::Get().SetPolicy(InForce(std::string("  chain: {maxDepth: 0}\n  ") + rule));
  EXPECT_EQ(Sh(container, forbidden), 126);
  EXPECT_EQ(Wait(container.Exec(below)), 0);
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
assert code(socket.AF_INET, ('0.0.0.0', 80)) == errno.ECONNREFUSED
)";

  EXPECT_EQ(Wait(container.Exec({"/usr/bin/python3", "-c", tries})), 0);
}

TEST_F(DecideTest, AProgramThatItsLoaderIsToldToRunIsJudged) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(Enforce("{name: no-program, exec: {paths: [/opt/guarded/program]}}"));

  EXPECT_EQ(Wait(container.Exec({"/lib64/ld-linux-x86-64.so.2", "/bin/true"})), 0);
  EXPECT_TRUE(Verdicts().empty());
  EXPECT_NE(Wait(container.Exec({"/lib64/ld-linux-x86-64.so.2", "/opt/guarded/program"})), 0);
  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].stage, Stage::kMmap);
  EXPECT_EQ(verdicts[0].subject.value, "/opt/guarded/program");
}

TEST_F(DecideTest, AMessageToAForbiddenAddressIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(
      Enforce("{name: no-net, connect: {cidrs: [127.9.0.0/16], ports: [53]}}") +
      "  - {name: no-log, connect: {unix: ['@guarded']}}\n"
      "  - {name: no-self, connect: {cidrs: [127.0.0.1/32, '::1/128'], ports: [99]}}\n");
  const char* const tries = R"(
import socket, errno, ctypes
def code(act):
    try: act()
    except OSError as error: return error.errno
    return 0
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
assert code(lambda: socket.socket().connect(('0.0.0.0', 99))) == errno.EPERM
assert code(lambda: socket.socket(socket.AF_INET6).connect(('::', 99))) == errno.EPERM
assert code(lambda: udp.sendto(b'x', ('127.9.0.1', 53))) == errno.EPERM
assert code(lambda: udp.sendto(b'x', ('127.8.0.1', 53))) == 0
udp6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
assert code(lambda: udp6.sendto(b'x', ('::ffff:127.9.0.1', 53))) == errno.EPERM
assert code(lambda: socket.socket().sendto(b'x', 0x20000000, ('127.9.0.1', 53))) == errno.EPERM
libc = ctypes.CDLL(None, use_errno=True)
nameless = bytes([0, 0, 0, 53, 127, 9, 0, 1]) + bytes(8)
assert libc.sendto(udp.fileno(), b'x', 1, 0, nameless, 16) == -1 and ctypes.get_errno() == errno.EPERM
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(b'\0guarded')
client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
assert code(lambda: client.sendto(b'x', b'\0guarded')) == errno.EPERM
assert code(lambda: client.connect(b'\0guarded')) == errno.EPERM
)";
  EXPECT_EQ(Wait(container.Exec({"/usr/bin/python3", "-c", tries})), 0);
}

std::string AllowSome() {
  return DenyByDefault(
      R"(  - {name: shell, action: allow, exec: {paths: [/**/sh, /**/dash, /**/bash]}}
  - name: some
    action: allow
    exec: {paths: [/**/true, /**/echo], args: [{regex: "(good|fine)-[0-9]+"}]}
  - {name: not, exec: {args: [bad]}}
)");
}

TEST_F(DecideTest, WhatIsNotAllowedIsDeniedByDefault) {
  const Sandbox container;
  Node::Get().SetPolicy(AllowSome());

  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true good-1"})), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true x fine-22 y"})), 0);
  EXPECT_TRUE(Verdicts().empty());
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true good-"})), 126);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/cat good-1"})), 126);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true good-1 bad"})), 126);

  EXPECT_EQ(Verdicts().size(), 4u);  // the last by two rules
}

TEST_F(DecideTest, AuditedDefaultsTellWhatWouldBeDenied) {
  const Sandbox container;
  Node::Get().SetPolicy(Audited(AllowSome()));

  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true good-1"})), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true other"})), 0);

  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(verdicts[0].applied);
  EXPECT_EQ(verdicts[0].mode, Mode::kAudit);
}

TEST_F(DecideTest, AnExecutableIsSparedWhatOthersAreRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  rules:
  - name: no-net
    connect: {cidrs: [127.9.0.0/16]}
    exceptions:
    - {executables: ["/usr/bin/python3*"]}
    - {cidrs: [127.9.5.0/24]}
)");
  const char* const by_python = R"(
import socket, errno
s = socket.socket()
try: s.connect(('127.9.1.1', 80))
except OSError as error: exit(error.errno)
)";

  EXPECT_EQ(Wait(container.Exec({"/usr/bin/python3", "-c", by_python})), ECONNREFUSED);
  EXPECT_TRUE(Verdicts().empty());
  EXPECT_NE(
      Wait(container.Exec({"/bin/bash", "-c", "exec 3<>/dev/tcp/127.9.1.1/80", "2>/dev/null"})), 0);
  EXPECT_EQ(Verdicts().size(), 1u);
  EXPECT_NE(Wait(container.Exec({"/bin/bash", "-c", "exec 3<>/dev/tcp/127.9.5.1/80"})), 0);
  EXPECT_TRUE(Verdicts().empty());
}

// A program with arguments of Python's making, which hold more than a command line could.
int StartTrue(const Sandbox& container, const std::string& arguments) {
  const std::string script =
      "import os, sys\nsys.exit(os.spawnv(os.P_WAIT, '/bin/true', ['true'] + " + arguments + "))";
  return Wait(container.Exec({"/usr/bin/python3", "-c", script}));
}

constexpr char kNotTheWordForbidden[] = R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  onTruncated: deny
  rules:
  - {name: not, exec: {paths: [/**/true], args: [forbidden]}}
)";

// Beyond what stage (a) and (b) inspect: the rule says what follows, and nothing is allowed.
TEST_F(DecideTest, AnArgvTooLongToInspectIsDeniedOrReportedAsTheRuleSays) {
  const Sandbox container;
  const char* const too_long = "['a' * 60000, 'a' * 6000]";
  Node::Get().SetPolicy(kNotTheWordForbidden);
  EXPECT_NE(StartTrue(container, too_long), 0);
  EXPECT_EQ(Verdicts().size(), 1u);

  std::string audited = kNotTheWordForbidden;
  audited.replace(audited.find("onTruncated: deny"), 17, "onTruncated: audit");
  Node::Get().SetPolicy(audited);
  EXPECT_EQ(StartTrue(container, too_long), 0);
  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(verdicts[0].applied);
}

TEST_F(DecideTest, AnArgvUpToTheBoundIsInspectedToItsEnd) {
  const Sandbox container;
  Node::Get().SetPolicy(kNotTheWordForbidden);
  EXPECT_EQ(StartTrue(container, "['a' * 60000]"), 0);
  EXPECT_EQ(StartTrue(container, "['a' * 30000, 'a' * 30000, 'harmless']"), 0);
  EXPECT_TRUE(Verdicts().empty());

  EXPECT_NE(StartTrue(container, "['a' * 30000, 'a' * 30000, 'forbidden']"), 0);
  EXPECT_EQ(Verdicts().size(), 1u);
}

// The argument changes all the time: between the system call's look and the copy, too.
TEST_F(DecideTest, ARaceOnArgvNeverRunsTheForbidden) {
  constexpr int kRounds = 200, kRanForbidden = 5;
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);
  int refused = 0, killed = 0, harmless = 0;
  const std::string victim = VictimPath();
  for (int round = 0; round < kRounds; ++round) {
    const int result = Wait(container.Exec({victim, "race", victim}));
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

  EXPECT_EQ(Wait(container.Exec({VictimPath(), "exec32", VictimPath()})), kKilled);

  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].stage, Stage::kExec);
  EXPECT_TRUE(verdicts[0].applied);
}

TEST_F(DecideTest, ExecveatOfADescriptorIsRefused) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);

  EXPECT_EQ(Wait(container.Exec({VictimPath(), "execveat", VictimPath()})), kRefused);
}

// More than one piece of the matcher, in front of and in the forbidden argument's list.
TEST_F(DecideTest, ALongArgumentListIsReadToItsEnd) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);
  const std::string victim = VictimPath(), long_one(5000, 'x');

  EXPECT_EQ(Wait(container.Exec({victim, long_one, long_one, "allowed"})), 0);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", victim + " $0 $0 forbidden", long_one})), 126);
}

// The first program of a container is judged, too: nothing is known of its names then.
TEST_F(DecideTest, TheFirstProgramOfAContainerIsJudged) {
  const Sandbox container;
  Node::Get().SetPolicy(kForbidArgument);

  EXPECT_THAT(Wait(container.Exec({VictimPath(), "forbidden"})), testing::AnyOf(kRefused, kKilled));
}

std::string AThousandRules() {
  std::string rules = R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
  rules:
)";
  for (int i = 0; i < 334; ++i) {
    const std::string n = std::to_string(i);
    rules += "  - {name: file-" + n + ", file: {paths: [/tmp/kept-" + n + "/key, \"/tmp/*/" + n +
             ".pem\"]}}\n";
    rules += "  - {name: word-" + n + ", exec: {args: [\"--word-" + n + "\"]}}\n";
    rules += "  - {name: net-" + n + ", connect: {cidrs: [127.7." + std::to_string(i % 256) +
             ".0/24], ports: [" + std::to_string(1000 + i) + "]}}\n";
  }
  return rules;
}

TEST_F(DecideTest, AThousandRulesAreEachDecidedBy) {
  const Sandbox container;
  Node::Get().SetPolicy(AThousandRules());
  const char* const tries = R"(
import errno, os, socket
def code(act):
    try: act()
    except OSError as error: return error.errno
    return 0
def connect(address): socket.socket().connect(address)
os.makedirs('/tmp/kept-333', exist_ok=True)
for path, expected in (('/tmp/kept-333/key', errno.EPERM), ('/tmp/kept-333/keys', 0), ('/tmp/kept-333/0.pem', errno.EPERM),
                       ('/tmp/kept-333/334.pem', 0), ('/tmp/kept-333/170.pem', errno.EPERM)):
    assert code(lambda: open(path, 'w')) == expected, path
assert code(lambda: connect(('127.7.77.1', 1333))) == errno.EPERM
assert code(lambda: connect(('127.7.77.1', 1334))) == errno.ECONNREFUSED
assert code(lambda: connect(('127.7.76.1', 1333))) == errno.ECONNREFUSED
)";

  EXPECT_EQ(Wait(container.Exec({"/usr/bin/python3", "-c", tries})), 0);
  for (const char* const word : {"--word-0", "--word-63", "--word-333"}) {
    const std::string line = std::string("/bin/true a ") + word + " b";
    EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", line})), 126) << word;
  }
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true --word-334 --word- word-1"})), 0);
}

// The first argument decides, and the last one, and they may be far apart.
TEST_F(DecideTest, AForbiddenArgumentIsSeenWhereverItStands) {
  const Sandbox container;
  Node::Get().SetPolicy(AThousandRules());
  const std::string filler(1000, 'x');

  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true --word-7 $0 $0", filler})), 126);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true $0 $0 --word-7", filler})), 126);
  EXPECT_EQ(Wait(container.Exec({"/bin/sh", "-c", "/bin/true $0 $0--word-7", filler})), 0);
}

}  // namespace
}  // namespace nestor
