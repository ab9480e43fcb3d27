// SPDX-License-Identifier: Apache-2.0
// ssh logins by Debian's own OpenSSH, and rules about who logged in.
#include <fstream>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDirectory[] = "/opt/login";
constexpr char kPort[] = "2222";

// An sshd in a container, to which the users alice and bob can log in from everywhere.
class SshServer {
 public:
  explicit SshServer(const Sandbox& where) {
    EXPECT_EQ(ShOnHost(std::string("d=") + kDirectory +
                       " && mkdir -p $d /run/sshd && cd $d && rm -f host key key.pub && "
                       "ssh-keygen -q -t ed25519 -N '' -f host && "
                       "ssh-keygen -q -t ed25519 -N '' -f key && chmod 644 key.pub"),
              0);
    AddUser("alice", 7001);
    AddUser("bob", 7002);
    std::ofstream(std::string(kDirectory) + "/config")
        << "Port " << kPort << "\nListenAddress 127.0.0.1\nHostKey " << kDirectory
        << "/host\nAuthorizedKeysFile " << kDirectory
        << "/key.pub\nStrictModes no\nUsePAM no\nPidFile none\nLogLevel QUIET\nSubsystem sftp "
           "internal-sftp\n";
    daemon_ = where.Exec({"/usr/sbin/sshd", "-D", "-e", "-f", std::string(kDirectory) + "/config"});
    EXPECT_EQ(Wait(StartChild([] {
                return ExecHere({"/bin/bash", "-c",
                                 std::string("for i in {1..200}; do (exec 3<>/dev/tcp/127.0.0.1/") +
                                     kPort + ") 2>/dev/null && exit 0; sleep 0.1; done; exit 1"});
              })),
              0)
        << "sshd does not listen";
  }
  ~SshServer() {
    kill(daemon_, SIGTERM);
    Wait(daemon_);
  }

  pid_t Start(const Sandbox& from, const std::string& user,
              const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"/usr/bin/ssh",
                                     "-q",
                                     "-F",
                                     "none",
                                     "-p",
                                     kPort,
                                     "-i",
                                     std::string(kDirectory) + "/key",
                                     "-o",
                                     "StrictHostKeyChecking=no",
                                     "-o",
                                     "UserKnownHostsFile=/dev/null",
                                     "-o",
                                     "BatchMode=yes",
                                     user + "@127.0.0.1"};
    argv.insert(argv.end(), words.begin(), words.end());
    return from.Exec(argv);
  }

  // What becomes of a command, or of one that ends in a session.
  int Ssh(const Sandbox& from, const std::string& user, const std::string& command) const {
    return Wait(Start(from, user, {command}));
  }

 private:
  static void AddUser(const std::string& name, int uid) {
    const std::string id = std::to_string(uid);
    EXPECT_EQ(ShOnHost("grep -q ^" + name + ": /etc/passwd || { echo " + name + ":x:" + id + ":" +
                       id + "::/:/bin/sh >> /etc/passwd && echo '" + name +
                       ":*:19000::::::' >> /etc/shadow; }"),
              0);
  }

  pid_t daemon_ = 0;
};

std::string ForUser(const std::string& user, const std::string& rule) {
  return InForce("  chain: {identity: {users: [" + user +
                 "]}}\n  rules:\n  - {name: not-for-them, " + rule + "}\n");
}

constexpr char kNoTrue[] = "exec: {paths: [\"/**/true\"], args: [forbidden]}";

class LoginTest : public DecideTest {};

TEST_F(LoginTest, AnSshLoginIsAHopFromItsClient) {
  const Sandbox server, client;
  const SshServer sshd(server);
  Node::Get().Forget();
  const pid_t ssh = sshd.Start(client, "alice", {"/bin/true by-ssh"});
  EXPECT_EQ(Wait(ssh), 0);

  const auto ran = [](const std::vector<Record>& all) {
    for (const ExecRecord& exec : Only<ExecRecord>(all))
      if (exec.argv.size() == 2 && exec.argv[1] == "by-ssh") return true;
    return false;
  };
  const std::vector<Record> records = Node::Get().Drain(ran);
  ASSERT_TRUE(ran(records));
  HopId id = 0;
  for (const ExecRecord& exec : Only<ExecRecord>(records))
    if (exec.argv.size() == 2 && exec.argv[1] == "by-ssh") id = exec.actor.hop_id;
  const auto hop = FindHop(records, id);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->kind, HopKind::kSshLogin);
  EXPECT_EQ(hop->confidence, Confidence::kExact);
  EXPECT_EQ(hop->from.tgid, static_cast<uint32_t>(ssh));
  const auto above = FindHop(records, hop->parent_id);
  ASSERT_TRUE(above);
  EXPECT_EQ(above->actor.self.tgid, static_cast<uint32_t>(ssh));
}

TEST_F(LoginTest, ARuleIsForWhoLoggedInAndAllBelow) {
  const Sandbox server, client;
  const SshServer sshd(server);
  Node::Get().SetPolicy(ForUser("alice", kNoTrue));

  EXPECT_EQ(Sh(client, "/bin/true forbidden"), 0) << "nobody logged in there";
  EXPECT_EQ(sshd.Ssh(client, "bob", "/bin/true forbidden"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_EQ(sshd.Ssh(client, "alice", "/bin/true forbidden"), 126);
  EXPECT_EQ(sshd.Ssh(client, "alice", "sh -c 'sh -c \"/bin/true forbidden\" || exit 7'"), 7);
  EXPECT_THAT(Verdicts(), SizeIs(2));
}

TEST_F(LoginTest, ARuleThatComesLaterKnowsWhoLoggedInBefore) {
  const Sandbox server, client;
  const SshServer sshd(server);
  const pid_t ssh = sshd.Start(
      client, "alice",
      {"touch /tmp/logged-in; until test -e /tmp/go; do sleep 0.1; done; /bin/true forbidden"});
  EXPECT_EQ(ShOnHost("until test -e /tmp/logged-in; do sleep 0.1; done"), 0);

  Node::Get().SetPolicy(ForUser("alice", kNoTrue));
  EXPECT_EQ(ShOnHost("rm /tmp/logged-in; touch /tmp/go"), 0);

  EXPECT_EQ(Wait(ssh), 126);
  EXPECT_EQ(ShOnHost("rm /tmp/go"), 0);
}

TEST_F(LoginTest, WhoLoggedInIsNobodyElseByAnSshdOfTheirOwn) {
  const Sandbox server, client;
  const SshServer sshd(server);
  EXPECT_EQ(ShOnHost("cp /bin/bash /opt/login/sshd"), 0);
  Node::Get().SetPolicy(ForUser("alice", kNoTrue));

  const std::string as_bob =
      "exec -a 'sshd: bob@pts/0' /opt/login/sshd -c '/bin/true forbidden || exit 7'";
  EXPECT_EQ(sshd.Ssh(client, "alice", "bash -c \"" + as_bob + "\""), 7);
  EXPECT_EQ(sshd.Ssh(client, "bob", "/bin/true forbidden"), 0);
}

TEST_F(LoginTest, WhatAnSshdDoesBeforeAnybodyIsLetInIsNobodys) {
  const Sandbox server, client;
  const SshServer sshd(server);
  Node::Get().SetPolicy(ForUser("alice", "exec: {paths: [\"/**\"]}"));

  EXPECT_EQ(sshd.Ssh(client, "bob", "/bin/true"), 0) << "sshd starts itself anew for each";
  EXPECT_NE(sshd.Ssh(client, "alice", "/bin/true"), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true)));
}

TEST_F(LoginTest, WhatTheSshdDoesForItsUserIsTheUsersToo) {
  const Sandbox server, client;
  const SshServer sshd(server);
  EXPECT_EQ(ShOnHost("echo secret > /opt/login/secret; chmod 644 /opt/login/secret"), 0);
  Node::Get().SetPolicy(ForUser("alice", "file: {paths: [/opt/login/secret]}"));

  const auto fetch = [&](const std::string& user) {
    return Sh(client, "echo get /opt/login/secret /dev/null | sftp -q -F none -b - -P " +
                          std::string(kPort) + " -i " + kDirectory +
                          "/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null " +
                          user + "@127.0.0.1");
  };
  EXPECT_EQ(fetch("bob"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_NE(fetch("alice"), 0);
  EXPECT_THAT(Verdicts(), Not(IsEmpty()));
}

TEST_F(LoginTest, AnSshdThatDoesNotTellMayBeForAnybody) {
  const Sandbox server, client;
  EXPECT_EQ(ShOnHost("mkdir -p /opt/login && cp -L /usr/bin/python3 /opt/login/sshd"), 0);
  const std::string victim = VictimPath();
  const std::string talk = victim.substr(0, victim.rfind('/')) + "/talk.py";
  const auto ask = [&] {
    const pid_t serving = server.Exec(
        {"/usr/bin/env", "PYTHONHOME=/usr", "/opt/login/sshd", talk, "serve", "login", "1"});
    const pid_t asking = client.Exec({"/usr/bin/python3", talk, "ask", "login", "forbidden"});
    const int code = Wait(serving);
    Wait(asking);
    return code;
  };
  Node::Get().SetPolicy(ForUser("alice", kNoTrue));
  EXPECT_NE(ask(), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true)));

  Node::Get().SetPolicy(ForUser("alice", std::string("onTruncated: audit, ") + kNoTrue));
  EXPECT_EQ(ask(), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, false)));
}

}  // namespace
}  // namespace nestor
