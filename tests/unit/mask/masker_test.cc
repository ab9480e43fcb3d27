// SPDX-License-Identifier: Apache-2.0
#include "agent/mask/masker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Argv = std::vector<std::string>;

// Put together at run time, so that scanners of repositories do not take it for a real one.
const std::string kAwsId = std::string("AKIA") + "IOSFODNN7EXAMPLE";
const std::string kAwsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const std::string kJwt =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

Masker Shipped() {
  auto masker = Masker::Create({});
  if (!masker) std::abort();
  return std::move(*masker);
}

std::string Text(const std::string& text) { return Shipped().MaskText(text); }

Argv MaskedArgv(Argv argv) {
  Shipped().MaskArgv(argv);
  return argv;
}

std::string Joined(const Argv& argv) {
  std::string text;
  for (const std::string& argument : argv) text += argument + '\n';
  return text;
}

TEST(MaskerTest, AFlagWithItsValueInOneArgumentKeepsTheFlag) {
  EXPECT_THAT(MaskedArgv({"app", "--password=hunter2"}), ElementsAre("app", "--password=*****"));
  EXPECT_THAT(MaskedArgv({"app", "--db-password=hunter2"}),
              ElementsAre("app", "--db-password=*****"));
  EXPECT_THAT(MaskedArgv({"app", "-token=hunter2"}), ElementsAre("app", "-token=*****"));
  EXPECT_THAT(MaskedArgv({"app", "--api-key=hunter2"}), ElementsAre("app", "--api-key=*****"));
  EXPECT_THAT(MaskedArgv({"app", "--client-secret=hunter2"}),
              ElementsAre("app", "--client-secret=*****"));
}

TEST(MaskerTest, AnArgumentHasNoQuotesSoItsSpacesBelongToTheSecret) {
  EXPECT_THAT(MaskedArgv({"app", "--password=correct horse; battery 'staple'"}),
              ElementsAre("app", "--password=*****"));
  EXPECT_THAT(MaskedArgv({"env", "PGPASSWORD=correct horse", "psql"}),
              ElementsAre("env", "PGPASSWORD=*****", "psql"));
}

TEST(MaskerTest, TheArgumentAfterAPasswordFlagIsMasked) {
  EXPECT_THAT(MaskedArgv({"app", "--password", "hunter2", "run"}),
              ElementsAre("app", "--password", "*****", "run"));
  EXPECT_THAT(MaskedArgv({"app", "--secret-key", "hunter2"}),
              ElementsAre("app", "--secret-key", "*****"));
  EXPECT_THAT(MaskedArgv({"app", "--token", "-hunter2"}), ElementsAre("app", "--token", "*****"));
}

TEST(MaskerTest, AFlagThatFollowsAPasswordFlagIsNotItsValue) {
  EXPECT_THAT(MaskedArgv({"app", "--password", "--verbose"}),
              ElementsAre("app", "--password", "--verbose"));
  EXPECT_THAT(MaskedArgv({"app", "--password"}), ElementsAre("app", "--password"));
}

TEST(MaskerTest, EnvironmentAssignmentsOfSecretsAreMasked) {
  EXPECT_THAT(MaskedArgv({"env", "PGPASSWORD=hunter2", "psql"}),
              ElementsAre("env", "PGPASSWORD=*****", "psql"));
  EXPECT_THAT(MaskedArgv({"env", "MYSQL_PWD=hunter2"}), ElementsAre("env", "MYSQL_PWD=*****"));
  EXPECT_THAT(MaskedArgv({"env", "GITHUB_TOKEN=hunter2"}),
              ElementsAre("env", "GITHUB_TOKEN=*****"));
  EXPECT_EQ(Text("PGPASSWORD=hunter2 psql -h db"), "PGPASSWORD=***** psql -h db");
  EXPECT_EQ(Text("export STRIPE_SECRET='a b'"), "export STRIPE_SECRET='*****'");
}

TEST(MaskerTest, SecretsInAShellScriptLeaveTheRestOfTheScriptReadable) {
  EXPECT_THAT(MaskedArgv({"sh", "-c", "app --password hunter2 --host db; echo done"}),
              ElementsAre("sh", "-c", "app --password ***** --host db; echo done"));
  EXPECT_THAT(MaskedArgv({"bash", "-lc", "PGPASSWORD=hunter2 psql -h db | head"}),
              ElementsAre("bash", "-lc", "PGPASSWORD=***** psql -h db | head"));
}

TEST(MaskerTest, OnlyThePasswordOfAUrlIsMasked) {
  EXPECT_EQ(Text("postgres://app:hunter2@db:5432/shop"), "postgres://app:*****@db:5432/shop");
  EXPECT_EQ(Text("redis://:hunter2@cache"), "redis://:*****@cache");
  EXPECT_EQ(Text("https://u:p%40ss@h/x and ftp://a:b@c"),
            "https://u:*****@h/x and ftp://a:*****@c");
}

TEST(MaskerTest, APasswordWithAnAtSignOrAColonIsMaskedToItsLastByte) {
  EXPECT_EQ(Text("amqp://u:p@ss:w0rd@mq"), "amqp://u:*****@mq");
}

TEST(MaskerTest, BearerTokensAreMaskedWhereverTheHeaderIsSplit) {
  const std::string token = "abcdef0123456789";
  EXPECT_THAT(MaskedArgv({"curl", "-H", "Authorization: Bearer " + token, "https://api"}),
              ElementsAre("curl", "-H", "Authorization: Bearer *****", "https://api"));
  EXPECT_THAT(MaskedArgv({"app", "Authorization:", "Bearer", token}),
              ElementsAre("app", "Authorization:", "Bearer", "*****"));
  for (const char* header : {"Authorization: Bearer", "Authorization: Basic", "Authorization:"})
    EXPECT_EQ(MaskedArgv({"app", header, token}).back(), "*****") << header;
  EXPECT_THAT(Text("authorization: token " + token), Not(HasSubstr(token)));
  EXPECT_THAT(Text("sent bearer " + token + " twice"), Not(HasSubstr(token)));
}

TEST(MaskerTest, JsonWebTokensAreMaskedEvenWhenCut) {
  EXPECT_EQ(Text("got " + kJwt + " back"), "got ***** back");
  EXPECT_THAT(Text(kJwt.substr(0, 40)), Not(HasSubstr(kJwt.substr(20, 15))));
}

TEST(MaskerTest, AwsKeysAreMasked) {
  EXPECT_EQ(Text("id " + kAwsId), "id *****");
  EXPECT_EQ(Text("AWS_SECRET_ACCESS_KEY=" + kAwsSecret), "AWS_SECRET_ACCESS_KEY=*****");
  EXPECT_THAT(MaskedArgv({"aws", "configure", "set", "aws_secret_access_key", kAwsSecret}),
              ElementsAre("aws", "configure", "set", "aws_secret_access_key", "*****"));
  EXPECT_THAT(MaskedArgv({"app", "--aws-secret-access-key", kAwsSecret}),
              ElementsAre("app", "--aws-secret-access-key", "*****"));
}

TEST(MaskerTest, TokensOfKnownServicesAreMasked) {
  const std::string tail = "0123456789abcdefABCDEF0123456789abcdef";
  for (const std::string prefix :
       {"ghp_", "glpat-", "xoxb-", "npm_", "hvs.", "hf_", "pypi-", "sk-", "sk_live_"}) {
    EXPECT_EQ(Text("run " + prefix + tail), "run *****") << prefix;
  }
}

TEST(MaskerTest, FineGrainedGitHubTokensAreMasked) {
  EXPECT_EQ(Text("run github_pat_0123456789abcdefABCDEF"), "run *****");
}

TEST(MaskerTest, PrivateKeysAreMaskedWithRealAndEscapedLineEndsAndWhenCut) {
  const std::string body = "MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi";
  for (const std::string kind : {"", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "}) {
    const std::string head = "-----BEGIN " + kind + "PRIVATE KEY-----";
    const std::string foot = "-----END " + kind + "PRIVATE KEY-----";
    EXPECT_EQ(Text("echo " + head + "\n" + body + "\n" + foot + " > key"),
              "echo " + head + "*****" + foot + " > key");
    EXPECT_THAT(Text(head + "\\n" + body + "\\n" + foot), Not(HasSubstr(body)));
    EXPECT_THAT(Text(head + "\n" + body), Not(HasSubstr(body)));
  }
}

TEST(MaskerTest, APrivateKeyThatTheShellSplitAtItsSpacesIsMasked) {
  const Argv argv = MaskedArgv({"echo", "-----BEGIN", "RSA", "PRIVATE", "KEY-----", "MIIEpAIBAA",
                                "KCAQEA3Tz2", "-----END", "RSA", "PRIVATE", "KEY-----", "after"});

  EXPECT_THAT(Joined(argv), Not(HasSubstr("MIIE")));
  EXPECT_THAT(Joined(argv), Not(HasSubstr("KCAQ")));
  EXPECT_EQ(argv.back(), "after");
}

TEST(MaskerTest, MysqlPasswordsAreAttachedAndASeparateNameIsADatabase) {
  EXPECT_THAT(MaskedArgv({"mysql", "-uroot", "-phunter2", "shop"}),
              ElementsAre("mysql", "-uroot", "-p*****", "shop"));
  EXPECT_THAT(MaskedArgv({"/usr/bin/mysqldump", "-phunter2"}),
              ElementsAre("/usr/bin/mysqldump", "-p*****"));
  EXPECT_THAT(MaskedArgv({"mysql", "-p", "shop"}), ElementsAre("mysql", "-p", "shop"));
  EXPECT_EQ(Text("mysql -uroot -phunter2 shop"), "mysql -uroot -p***** shop");
}

TEST(MaskerTest, OnlyThePasswordOfCurlsUserIsMasked) {
  EXPECT_THAT(MaskedArgv({"curl", "-u", "ann:hunter2", "https://h"}),
              ElementsAre("curl", "-u", "ann:*****", "https://h"));
  EXPECT_THAT(MaskedArgv({"curl", "-uann:hunter2"}), ElementsAre("curl", "-uann:*****"));
  EXPECT_THAT(MaskedArgv({"curl", "--user=ann:hunter2"}), ElementsAre("curl", "--user=ann:*****"));
  EXPECT_THAT(MaskedArgv({"curl", "-u", "ann"}), ElementsAre("curl", "-u", "ann"));
  EXPECT_EQ(Text("cd /; curl -u ann:hunter2 https://h"), "cd /; curl -u ann:***** https://h");
}

TEST(MaskerTest, AProgramRightAfterAQuoteOrBracketIsKnown) {
  EXPECT_EQ(Text("sh -c 'curl -u ann:hunter2 h'"), "sh -c 'curl -u ann:***** h'");
  EXPECT_EQ(Text("x=$(mysql -phunter2)"), "x=$(mysql -p*****");
}

TEST(MaskerTest, ShortFlagsOfOtherProgramsAreMaskedOnlyForThem) {
  EXPECT_THAT(MaskedArgv({"sshpass", "-p", "hunter2", "ssh", "h"}),
              ElementsAre("sshpass", "-p", "*****", "ssh", "h"));
  EXPECT_THAT(MaskedArgv({"docker", "login", "-p", "hunter2"}),
              ElementsAre("docker", "login", "-p", "*****"));
  EXPECT_THAT(MaskedArgv({"docker", "run", "-p", "80:8080", "token-service"}),
              ElementsAre("docker", "run", "-p", "80:8080", "token-service"));
  EXPECT_THAT(MaskedArgv({"redis-cli", "-a", "hunter2", "ping"}),
              ElementsAre("redis-cli", "-a", "*****", "ping"));
  EXPECT_THAT(MaskedArgv({"mkdir", "-p", "/srv/token-cache"}),
              ElementsAre("mkdir", "-p", "/srv/token-cache"));
}

TEST(MaskerTest, APasswordBehindAWrapperIsMasked) {
  EXPECT_THAT(MaskedArgv({"timeout", "5", "mysql", "-phunter2"}),
              ElementsAre("timeout", "5", "mysql", "-p*****"));
}

TEST(MaskerTest, WhatIsNoSecretStaysAsItIs) {
  for (const char* text :
       {"/usr/lib/x86_64-linux-gnu/libc.so.6",
        "/etc/passwd",
        "/run/secrets/kubernetes.io",
        "/var/lib/token-service/data",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "git checkout 7e12b39",
        "the password is asked for",
        "keyboard",
        "tokenizer",
        "https://example.com/a:b@c",
        "http://10.0.3.7:8080/login",
        "registry.k8s.io/pause:3.9",
        "unix:///run/containerd/containerd.sock",
        "monkey=1",
        "key1",
        "10.0.3.7:51544",
        "--keys",
        "ssh -i /home/ann/.ssh/id_ed25519 ann@db",
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        "SSH_AUTH_SOCK=/tmp/agent.1",
        "PATH=/usr/bin:/bin",
        "pass",
        ""}) {
    EXPECT_EQ(Text(text), text);
  }
}

TEST(MaskerTest, OrdinaryArgumentsNextToATriggerStayAsTheyAre) {
  const Argv plain = {"keytool", "-list", "-v", "/etc/passwd", "--output", "json", "a=b"};

  EXPECT_EQ(MaskedArgv(plain), plain);
}

TEST(MaskerTest, BytesThatAreNotUtf8HideNothing) {
  EXPECT_EQ(Text("\xff\xfe password=hun\xffter2 \xc3"), "\xff\xfe password=***** \xc3");
  EXPECT_THAT(MaskedArgv({"\xff", "--password=\xff\xfe"}), ElementsAre("\xff", "--password=*****"));
}

TEST(MaskerTest, MaskingTwiceChangesNothingMore) {
  const std::string once = Text("postgres://a:hunter2@db --token hunter2 PGPASSWORD=hunter2");

  EXPECT_EQ(Text(once), once);
}

TEST(MaskerTest, EverySecretReplacedIsCounted) {
  Masker masker = Shipped();

  masker.MaskText("nothing here");
  masker.MaskText("password=a1b2 token=c3d4");

  EXPECT_EQ(masker.masked_count(), 2U);
}

TEST(MaskerTest, ACleanStringThatIsRememberedDoesNotShieldASecretOfTheSameEnds) {
  Masker masker = Shipped();
  const std::string clean = "headhead the token   of tailtail";
  const std::string dirty = "headhead token=hunter tailtail";

  EXPECT_EQ(masker.MaskText(clean), clean);
  EXPECT_THAT(masker.MaskText(dirty), Not(HasSubstr("hunter")));
  EXPECT_THAT(masker.MaskText(dirty), Not(HasSubstr("hunter")));
}

// One run over this much takes well under a second; a pattern that looks back over the text for
// every match would take hours and run into the test's time limit.
TEST(MaskerTest, MegabytesOfHostileTextAreMaskedInLinearTime) {
  Masker masker = Shipped();
  for (const std::string piece :
       {"password=", "curl -u ", "mysql -p", "a://b:c@", "-----BEGIN PRIVATE KEY-----", "eyJa.",
        "Authorization: ", "bearer ", "docker login ", "--token ", "://@", "A_KEY=\"", "sk-"}) {
    std::string text;
    while (text.size() < (1U << 20)) text += piece;

    EXPECT_LE(masker.MaskText(text).size(), 2 * text.size()) << piece;
  }
}

TEST(MaskerTest, AnArgvOfManyFlagsIsMaskedInLinearTime) {
  Argv argv = {"curl"};
  for (int i = 0; i < 20'000; ++i) argv.insert(argv.end(), {"--password", "hunter2", "-u", "a:b"});

  Shipped().MaskArgv(argv);

  EXPECT_THAT(Joined(argv), Not(HasSubstr("hunter2")));
  EXPECT_EQ(argv.size(), 80'001U);
}

TEST(MaskOptionsTest, AnExtraPatternMasksItsGroupOrItsWholeMatch) {
  auto masker = Masker::Create({true, {"badge-([0-9]+)", "ZZ[0-9]{4}"}});
  ASSERT_TRUE(masker);

  EXPECT_EQ(masker->MaskText("badge-1234 ZZ9876 password=x1"), "badge-***** ***** password=*****");
}

TEST(MaskOptionsTest, ExtraPatternsWorkWithoutTheShippedOnes) {
  auto masker = Masker::Create({false, {"badge-([0-9]+)"}});
  ASSERT_TRUE(masker);

  EXPECT_EQ(masker->MaskText("badge-1234 password=x1"), "badge-***** password=x1");
}

TEST(MaskOptionsTest, NothingIsMaskedWhenNothingIsAskedFor) {
  auto masker = Masker::Create({false, {}});
  ASSERT_TRUE(masker);

  EXPECT_EQ(masker->MaskText("password=hunter2"), "password=hunter2");
}

TEST(MaskOptionsTest, ABrokenExtraPatternIsNamedInTheError) {
  const auto unclosed = Masker::Create({true, {"fine", "(unclosed"}});
  const auto empty = Masker::Create({true, {"x*"}});

  ASSERT_FALSE(unclosed);
  EXPECT_THAT(unclosed.error().message, HasSubstr("mask pattern 2 `(unclosed`"));
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message, HasSubstr("it matches the empty string"));
}

// Every string of a value, written down a second time: visit_strings.h must not be its own judge.
using Strings = std::vector<std::string*>;

void Add(Strings& all, Workload& workload) {
  all.insert(all.end(), {&workload.namespace_name, &workload.pod, &workload.pod_uid,
                         &workload.container, &workload.container_id, &workload.image});
}

void Add(Strings& all, ProcessInfo& process) {
  process.argv.resize(2);
  all.insert(all.end(),
             {&process.exe, &process.argv[0], &process.argv[1], &process.cwd, &process.tty});
}

void Add(Strings& all, ProcessReference& process) { all.push_back(&process.exe); }

void Add(Strings& all, VerdictInfo& verdict) {
  verdict.argv.resize(1);
  verdict.tags.resize(1);
  all.insert(all.end(), {&verdict.rule, &verdict.policy, &verdict.message, &verdict.subject,
                         &verdict.argv[0], &verdict.error, &verdict.severity, &verdict.tags[0]});
}

void Add(Strings& all, HopInfo& hop) {
  for (HopEnd* end : {&hop.from, &hop.to}) {
    Add(all, end->process);
    Add(all, end->workload);
    all.push_back(&end->address);
  }
  all.push_back(&hop.evidence);
}

Strings StringsOf(Event& event) {
  Strings all;
  Add(all, event.process);
  Add(all, event.parent);
  Add(all, event.workload);
  if (!event.hop) event.hop.emplace();
  Add(all, *event.hop);
  if (!event.socket) event.socket.emplace();
  SocketInfo& socket = *event.socket;
  all.insert(all.end(), {&socket.family, &socket.local, &socket.peer, &socket.type});
  if (!socket.peer_process) socket.peer_process.emplace();
  Add(all, *socket.peer_process);
  if (!event.file) event.file.emplace();
  all.insert(all.end(), {&event.file->path, &event.file->access});
  if (!event.verdict) event.verdict.emplace();
  Add(all, *event.verdict);
  if (!event.loss) event.loss.emplace();
  all.push_back(&event.loss->where);
  return all;
}

Strings StringsOf(ChainInfo& chain) {
  Strings all;
  Add(all, chain.workload);
  chain.hops.resize(2);
  for (ChainHop& hop : chain.hops) Add(all, hop.hop);
  chain.processes.resize(2);
  for (ChainProcess& process : chain.processes) {
    Add(all, process.process);
    Add(all, process.workload);
    process.verdicts.resize(2);
    for (VerdictInfo& verdict : process.verdicts) Add(all, verdict);
  }
  return all;
}

void FillWithSecrets(const Strings& strings) {
  size_t number = 0;
  for (std::string* text : strings) *text = "password=hunter" + std::to_string(number++);
}

TEST(MaskerTest, NoStringOfAnEventIsForgotten) {
  Event event;
  FillWithSecrets(StringsOf(event));

  Event masked = *Shipped().Mask(std::move(event));

  for (const std::string* text : StringsOf(masked)) EXPECT_EQ(*text, "password=*****");
}

// It would not verify any more, and none of it is a pod's.
TEST(MaskerTest, WhatIsSignedStaysAsItIs) {
  HeartbeatInfo beat;
  GapInfo gap;
  beat.node = gap.node = "password=hunter2";
  Event event;
  event.heartbeat = beat;
  event.gap = gap;

  const Event masked = *Shipped().Mask(std::move(event));

  EXPECT_EQ(*masked.heartbeat, beat);
  EXPECT_EQ(*masked.gap, gap);
}

TEST(MaskerTest, NoStringOfAChainIsForgotten) {
  ChainInfo chain;
  FillWithSecrets(StringsOf(chain));
  ChainInfo same = chain;

  ChainInfo masked = *Shipped().Mask(std::move(chain));
  std::vector<ChainInfo> list = *Shipped().Mask(std::vector<ChainInfo>{same, same});

  for (const std::string* text : StringsOf(masked)) EXPECT_EQ(*text, "password=*****");
  ASSERT_EQ(list.size(), 2U);
  for (ChainInfo& one : list)
    for (const std::string* text : StringsOf(one)) EXPECT_EQ(*text, "password=*****");
}

TEST(MaskerTest, NumbersOfAnEventStayAsTheyAre) {
  Event event;
  event.seq = 7;
  event.process.key = {11, 13};
  event.exit = ExitInfo{17, 19, true, 23};

  const auto masked = Shipped().Mask(event);

  EXPECT_EQ(masked->seq, 7U);
  EXPECT_EQ(masked->process.key, (ProcessKey{11, 13}));
  EXPECT_EQ(masked->exit->signal, 19U);
}

// Arguments of about `bytes` in all, as the kernel counts them, that repeat one piece.
Argv OneLong(const std::string& piece, size_t bytes) {
  std::string text;
  while (text.size() + piece.size() < bytes) text += piece;
  return {"sh", "-c", text};
}

// The same as an argument for each piece, no two of them alike.
Argv ManyShort(const std::string& piece, size_t bytes) {
  Argv argv = {"curl", "mysql", "az", "login", "mongo"};
  for (size_t used = 0; used + piece.size() < bytes;) {
    argv.push_back(piece + std::to_string(argv.size()));
    used += argv.back().size() + 1;
  }
  return argv;
}

uint64_t WorkOn(Argv argv) {
  Masker masker = Shipped();
  masker.MaskArgv(argv);
  return masker.work();
}

// What a pod may choose so that it holds the one thread that masks: the dear texts of each pattern.
class HostileArgumentsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(HostileArgumentsTest, WorkGrowsWithTheLengthAndNoFaster) {
  constexpr size_t kMost = 32'000;  // of one program's arguments, as the kernel tells them
  for (const auto& make : {OneLong, ManyShort}) {
    const uint64_t half = WorkOn(make(GetParam(), kMost / 2));
    const uint64_t whole = WorkOn(make(GetParam(), kMost));

    EXPECT_LE(whole, half * 9 / 4);
    EXPECT_LE(whole, kMost * 64);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, HostileArgumentsTest,
    ::testing::Values("curl -uaaaa:b ", "pass=x ", "-p", "-px ", "mysql -px ", "-pw", "a=b", "=",
                      "'", "\"", "token:'", "token\":\"a\",", "{\"token\":{\"key\":", "A_KEY=b ",
                      "_KEY", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----a-----END ", "a://b:c@ ",
                      "a://:c@", "https://@", "bearer aaaaaa ", "eyJaaaaaa.aaaa ", "pass:a ",
                      "--token a ", "--a-", "cookie:a\n", "authorization:a\n", "ldapx -wa ",
                      "curl ", "login -p ", "xoxb-aaaaaaaa ", ":=-pwx", "-pw=@://eyj"));

TEST(MaskerTest, AStringWithoutAnyWordOfASecretIsLookedAtOnce) {
  EXPECT_EQ(WorkOn({"tar", std::string(30'000, 'x')}), 30'003u);
}

}  // namespace
}  // namespace nestor
