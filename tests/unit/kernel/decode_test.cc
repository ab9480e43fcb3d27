// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Bytes = std::vector<std::byte>;

template <typename T>
T Raw(uint16_t kind) {
  T raw{};
  raw.hdr.time_ns = 77;
  raw.hdr.size = sizeof(T);
  raw.hdr.kind = kind;
  return raw;
}

template <typename T>
Bytes ToBytes(const T& raw, std::string_view data = {}) {
  Bytes bytes(sizeof(T) + data.size());
  std::memcpy(bytes.data(), &raw, sizeof(T));
  if (!data.empty()) std::memcpy(bytes.data() + sizeof(T), data.data(), data.size());
  const auto size = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data() + offsetof(nestor_header, size), &size, sizeof(size));
  return bytes;
}

// The record of type T that `bytes` hold; a failed test and an empty one when they hold none.
template <typename T>
T DecodeAs(const Bytes& bytes) {
  Result<Record> record = Decode(bytes);
  EXPECT_TRUE(record.ok()) << record.error().message;
  if (!record) return T{};
  EXPECT_TRUE(std::holds_alternative<T>(*record));
  return std::holds_alternative<T>(*record) ? std::get<T>(*std::move(record)) : T{};
}

std::string ErrorOf(const Bytes& bytes) {
  const Result<Record> record = Decode(bytes);
  if (record) return "";
  EXPECT_EQ(record.error().code, ErrorCode::kInvalidArgument);
  return record.error().message;
}

template <size_t kBytes>
nestor_span Put(char (&data)[kBytes], uint32_t offset, std::string_view text) {
  std::memcpy(data + offset, text.data(), text.size());
  return {offset, static_cast<uint16_t>(text.size()), 0};
}

nestor_exec RawExec() {
  nestor_exec raw = Raw<nestor_exec>(NESTOR_EXEC);
  raw.argc = 2;
  raw.argv_total = 6;
  raw.exe = {0, 7, 0};
  raw.argv = {7, 5, 0};
  raw.cwd = {12, 4, 0};
  return raw;
}
constexpr std::string_view kExecData("/bin/lsls\0-l/srv", 16);

TEST(DecodeTest, AnActorKeepsEveryField) {
  nestor_exit raw = Raw<nestor_exit>(NESTOR_EXIT);
  raw.actor = {.self = {11, 12, 0},
               .parent = {9, 10, 0},
               .chain_id = 1,
               .hop_id = 2,
               .cause_hop_id = 3,
               .cgroup_id = 4,
               .container_cgroup_id = 5,
               .depth = 6,
               .tid = 7,
               .uid = 8,
               .gid = 9,
               .auid = 10,
               .flags = NESTOR_TASK_IN_CONTAINER | NESTOR_TASK_ENTRY | NESTOR_TASK_RECOVERED,
               .origin_kind = NESTOR_HOP_SSH_LOGIN,
               .confidence = NESTOR_INFERRED,
               .pad = {},
               .comm = "sshd"};

  const Actor actor = DecodeAs<ExitRecord>(ToBytes(raw)).actor;

  EXPECT_EQ(actor.self, (ProcessKey{11, 12}));
  EXPECT_EQ(actor.parent, (ProcessKey{9, 10}));
  EXPECT_EQ(actor.chain_id, 1U);
  EXPECT_EQ(actor.hop_id, 2U);
  EXPECT_EQ(actor.cause_hop_id, 3U);
  EXPECT_EQ(actor.cgroup_id, 4U);
  EXPECT_EQ(actor.container_cgroup_id, 5U);
  EXPECT_EQ(actor.depth, 6U);
  EXPECT_EQ(actor.tid, 7U);
  EXPECT_EQ(actor.uid, 8U);
  EXPECT_EQ(actor.gid, 9U);
  EXPECT_EQ(actor.auid, 10U);
  EXPECT_TRUE(actor.flags.in_container && actor.flags.entry && actor.flags.recovered);
  EXPECT_FALSE(actor.flags.in_pod_chain || actor.flags.sshd || actor.flags.pre_existing);
  EXPECT_EQ(actor.origin, HopKind::kSshLogin);
  EXPECT_EQ(actor.confidence, Confidence::kInferred);
  EXPECT_EQ(actor.comm, "sshd");
}

TEST(DecodeTest, EachTaskFlagIsItsOwn) {
  nestor_actor raw{};
  raw.flags = NESTOR_TASK_IN_POD_CHAIN;
  EXPECT_TRUE(ToActor(raw).flags.in_pod_chain);
  raw.flags = NESTOR_TASK_SSHD;
  EXPECT_TRUE(ToActor(raw).flags.sshd);
  raw.flags = NESTOR_TASK_PRE_EXISTING;
  EXPECT_TRUE(ToActor(raw).flags.pre_existing);
}

TEST(DecodeTest, ACommWithoutItsNulEndsWithItsArray) {
  nestor_actor raw{};
  std::memset(raw.comm, 'x', sizeof(raw.comm));

  EXPECT_EQ(ToActor(raw).comm, std::string(16, 'x'));
}

TEST(DecodeTest, WordsOfALaterKernelSideAreNoneAndNotAGuess) {
  nestor_actor raw{};
  raw.origin_kind = 200;
  raw.confidence = 200;

  EXPECT_EQ(ToActor(raw).origin, HopKind::kNone);
  EXPECT_EQ(ToActor(raw).confidence, Confidence::kUnknown);
}

TEST(DecodeTest, AHopKeepsBothEnds) {
  nestor_hop raw = Raw<nestor_hop>(NESTOR_HOP);
  raw.body.id = 21;
  raw.body.parent_id = 20;
  raw.body.from = {5, 6, 0};
  raw.body.from_container_cgroup_id = 31;
  raw.body.server = {7, 8, 0};
  raw.body.peer = {AF_INET, 51544, 1, {10, 0, 3, 7}};
  raw.body.local = {AF_INET6, 22, 2, {}};
  raw.body.local.addr[15] = 1;
  raw.body.socket_cookie = 99;
  raw.body.kind = NESTOR_HOP_SSH_LOGIN;
  raw.body.transport = NESTOR_HOP_TCP;
  std::memcpy(raw.body.from_comm, "ssh", 3);
  std::memcpy(raw.body.server_comm, "sshd", 4);
  std::memcpy(raw.body.path, "@agent", 6);
  raw.body.path_len = 6;

  const auto hop = DecodeAs<HopRecord>(ToBytes(raw));

  EXPECT_EQ(hop.time_ns, 77U);
  EXPECT_EQ(hop.id, 21U);
  EXPECT_EQ(hop.parent_id, 20U);
  EXPECT_EQ(hop.kind, HopKind::kSshLogin);
  EXPECT_EQ(hop.transport, HopKind::kTcp);
  EXPECT_EQ(hop.from, (ProcessKey{5, 6}));
  EXPECT_EQ(hop.from_comm, "ssh");
  EXPECT_EQ(hop.from_container_cgroup_id, 31U);
  EXPECT_EQ(hop.server, (ProcessKey{7, 8}));
  EXPECT_EQ(hop.server_comm, "sshd");
  EXPECT_EQ(ToString(hop.peer), "10.0.3.7:51544");
  EXPECT_EQ(ToString(hop.local), "[::1]:22");
  EXPECT_EQ(hop.local.netns, 2U);
  EXPECT_EQ(hop.socket_cookie, 99U);
  EXPECT_EQ(hop.unix_path.value, "@agent");
}

TEST(DecodeTest, AnExecKeepsItsProgramArgumentsAndPlace) {
  nestor_exec raw = RawExec();
  raw.exe_inode = 41;
  raw.exe_device = 42;
  raw.tty = 43;
  raw.mnt_ns = 1, raw.pid_ns = 2, raw.net_ns = 3, raw.user_ns = 4, raw.uts_ns = 5, raw.ipc_ns = 6;
  raw.ns_pid = 44;
  raw.session = 45;

  const auto exec = DecodeAs<ExecRecord>(ToBytes(raw, kExecData));

  EXPECT_EQ(exec.exe.value, "/bin/ls");
  EXPECT_THAT(exec.argv, ElementsAre("ls", "-l"));
  EXPECT_EQ(exec.cwd.value, "/srv");
  EXPECT_EQ(exec.argc, 2U);
  EXPECT_EQ(exec.argv_bytes, 6U);
  EXPECT_EQ(exec.exe_inode, 41U);
  EXPECT_EQ(exec.exe_device, 42U);
  EXPECT_EQ(exec.tty, 43U);
  EXPECT_EQ(exec.namespaces.mnt, 1U);
  EXPECT_EQ(exec.namespaces.pid, 2U);
  EXPECT_EQ(exec.namespaces.net, 3U);
  EXPECT_EQ(exec.namespaces.user, 4U);
  EXPECT_EQ(exec.namespaces.uts, 5U);
  EXPECT_EQ(exec.namespaces.ipc, 6U);
  EXPECT_EQ(exec.ns_pid, 44U);
  EXPECT_EQ(exec.session, 45U);
}

TEST(DecodeTest, SpanFlagsSayWhatIsNotWhole) {
  nestor_exec raw = RawExec();
  raw.exe.flags = NESTOR_SPAN_UNRESOLVED;
  raw.argv.flags = NESTOR_SPAN_TRUNCATED;
  raw.cwd.flags = NESTOR_SPAN_UNREADABLE | NESTOR_SPAN_TRUNCATED;

  const auto exec = DecodeAs<ExecRecord>(ToBytes(raw, kExecData));

  EXPECT_TRUE(exec.exe.unresolved);
  EXPECT_FALSE(exec.exe.truncated || exec.exe.unreadable);
  EXPECT_TRUE(exec.argv_truncated);
  EXPECT_FALSE(exec.argv_unreadable);
  EXPECT_TRUE(exec.cwd.unreadable && exec.cwd.truncated);
}

TEST(DecodeTest, EmptyArgumentsAreKeptAndNoArgumentsAreNone) {
  nestor_exec raw = RawExec();
  raw.exe = raw.cwd = {};
  raw.argv = {0, 4, 0};
  raw.argc = 4;
  EXPECT_THAT(DecodeAs<ExecRecord>(ToBytes(raw, std::string_view("a\0\0b", 4))).argv,
              ElementsAre("a", "", "b"));

  raw.argv = {};
  raw.argc = 1;
  raw.argv_total = 1;
  EXPECT_THAT(DecodeAs<ExecRecord>(ToBytes(raw)).argv, ElementsAre(""));

  raw.argc = raw.argv_total = 0;
  EXPECT_THAT(DecodeAs<ExecRecord>(ToBytes(raw)).argv, IsEmpty());
}

TEST(DecodeTest, ArgumentsThatCouldNotBeReadAreNotOneEmptyArgument) {
  nestor_exec raw = RawExec();
  raw.argv = {0, 0, NESTOR_SPAN_UNREADABLE};

  const auto exec = DecodeAs<ExecRecord>(ToBytes(raw, kExecData));

  EXPECT_THAT(exec.argv, IsEmpty());
  EXPECT_TRUE(exec.argv_unreadable);
}

TEST(DecodeTest, BytesOfPodsPassThroughUnchanged) {
  nestor_exec raw = RawExec();
  raw.exe = {0, 3, 0};
  raw.argv = raw.cwd = {};

  EXPECT_EQ(DecodeAs<ExecRecord>(ToBytes(raw, "\xff\n\x1b")).exe.value, "\xff\n\x1b");
}

TEST(DecodeTest, ATextEndsAtItsNul) {
  nestor_exec raw = RawExec();
  raw.exe = {0, 5, 0};
  raw.argv = raw.cwd = {};

  EXPECT_EQ(DecodeAs<ExecRecord>(ToBytes(raw, std::string_view("ab\0cd", 5))).exe.value, "ab");
}

TEST(DecodeTest, AnExitTellsTheSignalFromTheCoreDump) {
  nestor_exit raw = Raw<nestor_exit>(NESTOR_EXIT);
  raw.run_ns = 5;
  raw.code = 3;
  raw.signal = 0x80 | 11;

  const auto exit = DecodeAs<ExitRecord>(ToBytes(raw));

  EXPECT_EQ(exit.run_ns, 5U);
  EXPECT_EQ(exit.code, 3U);
  EXPECT_EQ(exit.signal, 11U);
  EXPECT_TRUE(exit.core_dumped);
}

TEST(DecodeTest, TheKindOfASocketRecordIsItsOperation) {
  const std::vector<std::pair<nestor_kind, SocketOperation>> kinds = {
      {NESTOR_CONNECT, SocketOperation::kConnect},
      {NESTOR_ACCEPT, SocketOperation::kAccept},
      {NESTOR_BIND, SocketOperation::kBind},
      {NESTOR_LISTEN, SocketOperation::kListen}};
  for (const auto& [kind, operation] : kinds)
    EXPECT_EQ(DecodeAs<SocketRecord>(ToBytes(Raw<nestor_socket>(kind))).operation, operation);
}

TEST(DecodeTest, ASocketKeepsBothSides) {
  nestor_socket raw = Raw<nestor_socket>(NESTOR_ACCEPT);
  raw.local = {AF_UNIX, 0, 1, {}};
  raw.peer = {AF_INET, 80, 2, {127, 0, 0, 1}};
  raw.socket_cookie = 1;
  raw.peer_hop_id = 2;
  raw.peer_process = {3, 4, 0};
  raw.result = -13;
  raw.type = SOCK_STREAM;
  raw.protocol = 6;
  raw.backlog = 128;
  raw.unix_path = Put(raw.data, NESTOR_UNIX_DATA - 5, "/sock");
  raw.unix_path.flags = NESTOR_SPAN_TRUNCATED;

  const auto socket = DecodeAs<SocketRecord>(ToBytes(raw));

  EXPECT_EQ(socket.local.family, AddressFamily::kUnix);
  EXPECT_EQ(ToString(socket.peer), "127.0.0.1:80");
  EXPECT_EQ(socket.socket_cookie, 1U);
  EXPECT_EQ(socket.peer_hop_id, 2U);
  EXPECT_EQ(socket.peer_process, (ProcessKey{3, 4}));
  EXPECT_EQ(socket.result, -13);
  EXPECT_EQ(socket.socket_type, SOCK_STREAM);
  EXPECT_EQ(socket.protocol, 6U);
  EXPECT_EQ(socket.backlog, 128U);
  EXPECT_EQ(socket.unix_path.value, "/sock");
  EXPECT_TRUE(socket.unix_path.truncated);
}

TEST(DecodeTest, AnAddressOfAnotherFamilyIsNone) {
  nestor_socket raw = Raw<nestor_socket>(NESTOR_CONNECT);
  raw.peer = {AF_NETLINK, 80, 2, {1}};

  const Address peer = DecodeAs<SocketRecord>(ToBytes(raw)).peer;

  EXPECT_EQ(peer.family, AddressFamily::kNone);
  EXPECT_EQ(peer.port, 0U);
}

TEST(DecodeTest, AVerdictKeepsWhatWasDecidedAndOnWhat) {
  nestor_verdict raw = Raw<nestor_verdict>(NESTOR_VERDICT);
  raw.generation = 5;
  raw.rule = 6;
  raw.action = NESTOR_DENY;
  raw.mode = NESTOR_MODE_ENFORCE;
  raw.stage = NESTOR_STAGE_OPEN;
  raw.applied = 1;
  raw.error = -1;
  raw.access = 3;
  raw.peer = {AF_INET, 443, 0, {1, 1, 1, 1}};
  raw.subject = Put(raw.data, 0, "/etc/shadow");
  raw.argv = Put(raw.data, NESTOR_NAME_DATA, std::string_view("cat\0x", 5));
  raw.argv.flags = NESTOR_SPAN_TRUNCATED;

  const auto verdict = DecodeAs<VerdictRecord>(ToBytes(raw));

  EXPECT_EQ(verdict.generation, 5U);
  EXPECT_EQ(verdict.rule, 6U);
  EXPECT_EQ(verdict.action, Action::kDeny);
  EXPECT_EQ(verdict.mode, Mode::kEnforce);
  EXPECT_EQ(verdict.stage, Stage::kOpen);
  EXPECT_TRUE(verdict.applied);
  EXPECT_EQ(verdict.error, -1);
  EXPECT_EQ(verdict.access, 3U);
  EXPECT_EQ(ToString(verdict.peer), "1.1.1.1:443");
  EXPECT_EQ(verdict.subject.value, "/etc/shadow");
  EXPECT_THAT(verdict.argv, ElementsAre("cat", "x"));
  EXPECT_TRUE(verdict.argv_truncated);
}

TEST(DecodeTest, AVerdictOfAnActSaysItInWords) {
  nestor_verdict raw = Raw<nestor_verdict>(NESTOR_VERDICT);
  raw.stage = NESTOR_STAGE_TRACE;
  raw.act = {0, 1, 12, NESTOR_OPERATION_PTRACE, 0, {}};
  raw.subject = Put(raw.data, 0, "/usr/sbin/nginx");
  EXPECT_EQ(DecodeAs<VerdictRecord>(ToBytes(raw)).subject.value, "ptrace of /usr/sbin/nginx[12]");

  raw.stage = NESTOR_STAGE_NAMESPACE;
  raw.act = {0, 0, 0, NESTOR_OPERATION_UNSHARE, NESTOR_KIND_USER, {}};
  EXPECT_EQ(DecodeAs<VerdictRecord>(ToBytes(raw)).subject.value, "unshare user");

  raw.stage = NESTOR_STAGE_CREDENTIAL;
  raw.act = {2, 1000, 0, 0, 0, {}};
  EXPECT_EQ(DecodeAs<VerdictRecord>(ToBytes(raw)).subject.value,
            "uid 1000 -> 0 gains CAP_DAC_OVERRIDE by /usr/sbin/nginx");
}

TEST(DecodeTest, AVerdictOfUnknownWordsSaysNone) {
  nestor_verdict raw = Raw<nestor_verdict>(NESTOR_VERDICT);
  raw.action = raw.mode = raw.stage = 99;

  const auto verdict = DecodeAs<VerdictRecord>(ToBytes(raw));

  EXPECT_EQ(verdict.action, Action::kNone);
  EXPECT_EQ(verdict.mode, Mode::kNone);
  EXPECT_EQ(verdict.stage, Stage::kNone);
}

TEST(DecodeTest, ACgroupSaysItsNameAndWhetherItWent) {
  nestor_cgroup raw = Raw<nestor_cgroup>(NESTOR_CGROUP);
  raw.id = 8;
  raw.removed = 1;
  raw.name = Put(raw.data, 0, "cri-containerd-ab.scope");

  const auto cgroup = DecodeAs<CgroupRecord>(ToBytes(raw));

  EXPECT_EQ(cgroup.id, 8U);
  EXPECT_TRUE(cgroup.removed);
  EXPECT_EQ(cgroup.name, "cri-containerd-ab.scope");
}

std::vector<Bytes> OneOfEachKind() {
  std::vector<Bytes> records = {ToBytes(Raw<nestor_hop>(NESTOR_HOP)),
                                ToBytes(Raw<nestor_exec>(NESTOR_EXEC)),
                                ToBytes(Raw<nestor_exit>(NESTOR_EXIT))};
  for (const nestor_kind kind : {NESTOR_CONNECT, NESTOR_ACCEPT, NESTOR_BIND, NESTOR_LISTEN})
    records.push_back(ToBytes(Raw<nestor_socket>(kind)));
  records.push_back(ToBytes(Raw<nestor_verdict>(NESTOR_VERDICT)));
  records.push_back(ToBytes(Raw<nestor_cgroup>(NESTOR_CGROUP)));
  return records;
}

TEST(DecodeTest, ARecordCutAtAnyByteIsRefusedOfEveryKind) {
  for (const Bytes& whole : OneOfEachKind()) {
    ASSERT_EQ(ErrorOf(whole), "");
    for (size_t size = 0; size < whole.size(); ++size) {
      // A copy of just these bytes: one read past the end is seen by the sanitizer.
      Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_NE(ErrorOf(cut), "");
      if (size < sizeof(nestor_header)) continue;

      const auto honest = static_cast<uint32_t>(size);
      std::memcpy(cut.data() + offsetof(nestor_header, size), &honest, sizeof(honest));
      EXPECT_NE(ErrorOf(cut), "");
    }
  }
}

TEST(DecodeTest, TooShortSaysWhatThereIsAndWhatIsNeeded) {
  EXPECT_EQ(ErrorOf(Bytes(7)), "ring record: 7 bytes, its kind needs 16");
  EXPECT_EQ(ErrorOf({}), "ring record: 0 bytes, its kind needs 16");
}

TEST(DecodeTest, ASizeThatDoesNotFitIsRefused) {
  nestor_exit raw = Raw<nestor_exit>(NESTOR_EXIT);
  Bytes bytes = ToBytes(raw);
  for (const uint32_t size : {0U, 15U, static_cast<uint32_t>(sizeof(raw)) + 1, ~0U}) {
    std::memcpy(bytes.data() + offsetof(nestor_header, size), &size, sizeof(size));
    EXPECT_THAT(ErrorOf(bytes), HasSubstr("says it has " + std::to_string(size) + " bytes"));
  }
}

TEST(DecodeTest, BytesBehindTheRecordAreNotRead) {
  nestor_exec raw = RawExec();
  Bytes bytes = ToBytes(raw, kExecData.substr(0, 8));
  bytes.resize(bytes.size() + 64);  // the ring pads; spans must not reach into it

  EXPECT_THAT(ErrorOf(bytes), HasSubstr("is outside its 8 data bytes"));
}

TEST(DecodeTest, AnUnknownKindIsRefusedByItsNumber) {
  for (const int kind : {0, NESTOR_GUARD + 1, 0xffff})
    EXPECT_EQ(ErrorOf(ToBytes(Raw<nestor_exit>(static_cast<uint16_t>(kind)))),
              "ring record: unknown kind " + std::to_string(kind));
}

TEST(DecodeTest, ASpanOutsideItsRecordIsRefusedWhicheverItIs) {
  const nestor_span outside[] = {{17, 0, 0}, {16, 1, 0}, {0, 17, 0}, {0xffffffff, 0xffff, 0}};
  for (const nestor_span& span : outside) {
    for (nestor_span nestor_exec::* field :
         {&nestor_exec::exe, &nestor_exec::argv, &nestor_exec::cwd}) {
      nestor_exec raw = RawExec();
      raw.*field = span;
      EXPECT_THAT(ErrorOf(ToBytes(raw, kExecData)), HasSubstr("is outside its 16 data bytes"));
    }
  }
}

TEST(DecodeTest, ASpanOutsideTheDataOfAFixedRecordIsRefused) {
  nestor_hop hop = Raw<nestor_hop>(NESTOR_HOP);
  hop.body.path_len = NESTOR_UNIX_DATA + 1;
  nestor_socket socket = Raw<nestor_socket>(NESTOR_BIND);
  socket.unix_path = {NESTOR_UNIX_DATA, 1, 0};
  nestor_verdict subject = Raw<nestor_verdict>(NESTOR_VERDICT);
  subject.subject = {0, 2 * NESTOR_NAME_DATA + 1, 0};
  nestor_verdict argv = Raw<nestor_verdict>(NESTOR_VERDICT);
  argv.argv = {0x80000000, 1, 0};
  nestor_cgroup cgroup = Raw<nestor_cgroup>(NESTOR_CGROUP);
  cgroup.name = {0, 257, 0};

  EXPECT_THAT(ErrorOf(ToBytes(hop)), HasSubstr("a unix path of 129 bytes in a hop's 128"));
  EXPECT_THAT(ErrorOf(ToBytes(socket)), HasSubstr("is outside its 128 data bytes"));
  EXPECT_THAT(ErrorOf(ToBytes(subject)), HasSubstr("is outside its 1024 data bytes"));
  EXPECT_THAT(ErrorOf(ToBytes(argv)), HasSubstr("is outside its 1024 data bytes"));
  EXPECT_THAT(ErrorOf(ToBytes(cgroup)), HasSubstr("is outside its 256 data bytes"));
}

TEST(DecodeTest, ASpanAtTheVeryEndIsEmptyAndFine) {
  nestor_exec raw = RawExec();
  raw.cwd = {16, 0, 0};

  EXPECT_EQ(DecodeAs<ExecRecord>(ToBytes(raw, kExecData)).cwd.value, "");
}

TEST(DecodeTest, ARecordNeedsNoAlignment) {
  const Bytes record = ToBytes(RawExec(), kExecData);
  Bytes shifted(1);
  shifted.insert(shifted.end(), record.begin(), record.end());

  EXPECT_TRUE(Decode(std::span<const std::byte>(shifted).subspan(1)).ok());
}

TEST(DecodeTest, AGuardSaysWhatWasTriedAndWhetherItWasRefused) {
  nestor_guard raw = Raw<nestor_guard>(NESTOR_GUARD);
  raw.target = {77, 5, NESTOR_GUARDED_FILE};
  raw.applied = 1;
  raw.name.len = 8;
  std::memcpy(raw.data, "one.yaml", 8);

  const auto guard = DecodeAs<GuardRecord>(ToBytes(raw));

  EXPECT_EQ(guard.target, Guarded::kFile);
  EXPECT_EQ(guard.number, 77U);
  EXPECT_TRUE(guard.applied);
  EXPECT_EQ(guard.name, "one.yaml");
}

TEST(DecodeTest, ATamperSaysWhatWasClaimedAndFromWhere) {
  nestor_tamper raw = Raw<nestor_tamper>(NESTOR_TAMPER);
  raw.peer = {AF_INET, 40001, 1, {10, 88, 1, 200}};
  raw.local = {AF_INET, 22, 1, {10, 88, 2, 2}};
  raw.claimed_hop_id = 21;
  raw.claimed_pid = 97;
  raw.node = 5;
  raw.container_cgroup_id = 31;
  raw.reason = NESTOR_TAMPER_REPLAYED;
  raw.answer = 1;

  const auto tamper = DecodeAs<TamperRecord>(ToBytes(raw));

  EXPECT_EQ(ToString(tamper.peer), "10.88.1.200:40001");
  EXPECT_EQ(ToString(tamper.local), "10.88.2.2:22");
  EXPECT_EQ(tamper.claimed_hop_id, 21U);
  EXPECT_EQ(tamper.claimed_pid, 97U);
  EXPECT_EQ(tamper.node, 5U);
  EXPECT_EQ(tamper.container_cgroup_id, 31U);
  EXPECT_EQ(tamper.reason, TamperReason::kReplayed);
  EXPECT_TRUE(tamper.answer);
}

TEST(DecodeTest, AHopNamesTheOtherNode) {
  nestor_hop raw = Raw<nestor_hop>(NESTOR_HOP);
  raw.body.remote_hop_id = 77;
  raw.body.remote_pid = 812;
  raw.body.remote_node = 6;

  const auto hop = DecodeAs<HopRecord>(ToBytes(raw));

  EXPECT_EQ(hop.remote_hop_id, 77U);
  EXPECT_EQ(hop.remote_pid, 812U);
  EXPECT_EQ(hop.remote_node, 6U);
}

}  // namespace
}  // namespace nestor
