// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/decode.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "agent/event/act.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

using Bytes = std::span<const std::byte>;

static_assert(static_cast<int>(HopKind::kPreExisting) == NESTOR_HOP_PRE_EXISTING);
static_assert(static_cast<int>(HopKind::kTcpRemote) == NESTOR_HOP_TCP_REMOTE);
static_assert(static_cast<int>(HopKind::kFdPass) == NESTOR_HOP_FD_PASS);
static_assert(static_cast<int>(HopKind::kNamespace) == NESTOR_HOP_NAMESPACE);
static_assert(static_cast<int>(HopKind::kCredential) == NESTOR_HOP_CREDENTIAL);
static_assert(static_cast<int>(HopKind::kTrace) == NESTOR_HOP_TRACE);
static_assert(static_cast<int>(HopKind::kDelegated) == NESTOR_HOP_DELEGATED);
static_assert(static_cast<int>(HopKind::kContainerEntrypoint) == NESTOR_HOP_CONTAINER_ENTRYPOINT);
static_assert(static_cast<int>(HopKind::kRuntimeExec) == NESTOR_HOP_RUNTIME_EXEC);
static_assert(static_cast<int>(HopKind::kSshLogin) == NESTOR_HOP_SSH_LOGIN);
static_assert(static_cast<int>(HopKind::kTcp) == NESTOR_HOP_TCP);
static_assert(static_cast<int>(HopKind::kUnixSocket) == NESTOR_HOP_UNIX_SOCKET);
static_assert(static_cast<int>(HopKind::kHostService) == NESTOR_HOP_HOST_SERVICE);
// The words of agent/chain/evidence.cc.
static_assert(NESTOR_CONNECTION_TRANSLATED == 1 && NESTOR_CONNECTION_SHARED == 2);
static_assert(NESTOR_CONNECTION_OUTGOING == kOutgoingHop &&
              NESTOR_CONNECTION_OLDER == kOlderConnection &&
              NESTOR_CONNECTION_SETTLED == kSettledHop);
static_assert(static_cast<int>(TamperReason::kMalformed) == NESTOR_TAMPER_MALFORMED);
static_assert(static_cast<int>(Guarded::kProcess) == NESTOR_GUARDED_PROCESS);
static_assert(NESTOR_NS_MNT == 1 && NESTOR_NS_NET == 2 && NESTOR_NS_PID == 4 &&
              NESTOR_NS_USER == 8);
static_assert(NESTOR_TRACE_PTRACE == 1 && NESTOR_TRACE_VM_WRITE == 2 && NESTOR_TRACE_MEM_FILE == 3);
static_assert(NESTOR_INPUT_NONE == 1 && NESTOR_INPUT_PIPE == 2 && NESTOR_INPUT_TERMINAL == 3);
static_assert(static_cast<int>(Confidence::kUnseen) == NESTOR_UNKNOWN);
static_assert(static_cast<int>(Action::kKill) == NESTOR_KILL);
static_assert(static_cast<int>(Mode::kEnforce) == NESTOR_MODE_ENFORCE);
static_assert(static_cast<int>(Stage::kConnect) == NESTOR_STAGE_CONNECT);
static_assert(static_cast<int>(Stage::kAttributes) == NESTOR_STAGE_ATTRIBUTES);
static_assert(static_cast<int>(Stage::kCredential) == NESTOR_STAGE_CREDENTIAL);
static_assert(static_cast<int>(kLastStage) == NESTOR_STAGE_LAST);
static_assert(1 << static_cast<int>(Operation::kMemFile) == NESTOR_OPERATION_MEM_FILE &&
              1 << static_cast<int>(Operation::kClone) == NESTOR_OPERATION_CLONE &&
              1 << static_cast<int>(Operation::kUnshare) == NESTOR_OPERATION_UNSHARE);

Error Broken(const std::string& what) { return Error::InvalidArgument("ring record: " + what); }

// The fixed part of a record. memcpy: ring memory is aligned to 8, a capture need not be.
template <typename T>
Result<T> Read(Bytes bytes) {
  if (bytes.size() < sizeof(T)) {
    return Broken(std::to_string(bytes.size()) + " bytes, its kind needs " +
                  std::to_string(sizeof(T)));
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// The bytes a span names inside a record's data area.
Result<std::string_view> Slice(Bytes data, const nestor_span& span) {
  if (span.offset > data.size() || span.len > data.size() - span.offset) {
    return Broken("span " + std::to_string(span.offset) + "+" + std::to_string(span.len) +
                  " is outside its " + std::to_string(data.size()) + " data bytes");
  }
  return std::string_view(reinterpret_cast<const char*>(data.data()) + span.offset, span.len);
}

Result<Text> ReadText(Bytes data, const nestor_span& span) {
  auto slice = Slice(data, span);
  if (!slice) return slice.error();
  Text text;
  text.value = std::string(slice->substr(0, slice->find('\0')));
  text.truncated = span.flags & NESTOR_SPAN_TRUNCATED;
  text.unreadable = span.flags & NESTOR_SPAN_UNREADABLE;
  text.unresolved = span.flags & NESTOR_SPAN_UNRESOLVED;
  return text;
}

std::vector<std::string> SplitAtNul(std::string_view bytes, bool empty_is_none) {
  std::vector<std::string> parts;
  if (bytes.empty() && empty_is_none) return parts;
  parts.reserve(1 + static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\0')));
  for (size_t begin = 0;;) {
    const size_t end = bytes.find('\0', begin);
    parts.emplace_back(bytes.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

ProcessKey ToKey(const nestor_process& process) { return {process.start_ns, process.tgid}; }

std::string ToComm(const char (&comm)[NESTOR_COMM_BYTES]) {
  return std::string(comm, strnlen(comm, sizeof(comm)));
}

// A number that a later kernel side may send and this nestord does not know is kNone, not a guess.
HopKind ToHopKind(uint8_t number) {
  return number < kHopKindCount ? static_cast<HopKind>(number) : HopKind::kNone;
}

template <typename E>
E ToEnum(uint8_t number, E last) {
  return number <= static_cast<uint8_t>(last) ? static_cast<E>(number) : E{};
}

Address ToAddress(const nestor_address& raw) {
  Address address;
  switch (raw.family) {
    case AF_INET:
      address.family = AddressFamily::kInet;
      break;
    case AF_INET6:
      address.family = AddressFamily::kInet6;
      break;
    case AF_UNIX:
      address.family = AddressFamily::kUnix;
      break;
    default:
      return address;
  }
  address.port = raw.port;
  address.netns = raw.netns;
  std::memcpy(address.bytes.data(), raw.addr, sizeof(raw.addr));
  return address;
}

Result<Record> DecodeHop(Bytes bytes) {
  auto raw = Read<nestor_hop>(bytes);
  if (!raw) return raw.error();
  const nestor_hop_body& body = raw->body;
  if (body.path_len > sizeof(body.path)) {
    return Broken("a unix path of " + std::to_string(body.path_len) + " bytes in a hop's " +
                  std::to_string(sizeof(body.path)));
  }
  HopRecord hop;
  hop.time_ns = raw->hdr.time_ns;
  hop.actor = ToActor(raw->actor);
  hop.entered = raw->entered;
  hop.again = raw->again;
  hop.id = body.id;
  hop.parent_id = body.parent_id;
  hop.chain_id = body.chain_id;
  hop.depth = body.depth;
  hop.kind = ToHopKind(body.kind);
  hop.transport = ToHopKind(body.transport);
  hop.origin = ToHopKind(body.origin_kind);
  hop.confidence = ToEnum(body.confidence, Confidence::kUnseen);
  for (const uint64_t candidate : body.candidates) {
    if (candidate == 0) break;
    hop.candidates.push_back(candidate);
  }
  hop.candidate_count = body.candidate_count;
  hop.detail = body.detail;
  hop.old_uid = body.old_uid;
  hop.new_uid = body.new_uid;
  hop.gained_caps = body.gained_caps;
  hop.remote_hop_id = body.remote_hop_id;
  hop.remote_pid = body.remote_pid;
  hop.remote_node = body.remote_node;
  hop.from = ToKey(body.from);
  hop.from_comm = ToComm(body.from_comm);
  hop.from_container_cgroup_id = body.from_container_cgroup_id;
  hop.to_container_cgroup_id = body.to_container_cgroup_id;
  hop.server = ToKey(body.server);
  hop.server_comm = ToComm(body.server_comm);
  hop.peer = ToAddress(body.peer);
  hop.local = ToAddress(body.local);
  hop.socket_cookie = body.socket_cookie;
  const std::string_view path(body.path, body.path_len);
  hop.unix_path.value = std::string(path.substr(0, path.find('\0')));
  return Record(std::move(hop));
}

Result<Record> DecodeExec(Bytes bytes) {
  auto raw = Read<nestor_exec>(bytes);
  if (!raw) return raw.error();
  const Bytes data = bytes.subspan(sizeof(nestor_exec));
  auto exe = ReadText(data, raw->exe);
  auto cwd = ReadText(data, raw->cwd);
  auto argv = Slice(data, raw->argv);
  if (!exe) return exe.error();
  if (!cwd) return cwd.error();
  if (!argv) return argv.error();
  ExecRecord exec;
  exec.time_ns = raw->hdr.time_ns;
  exec.actor = ToActor(raw->actor);
  exec.exe = std::move(*exe);
  exec.cwd = std::move(*cwd);
  exec.argc = raw->argc;
  exec.argv_bytes = raw->argv_total;
  exec.argv_truncated = raw->argv.flags & NESTOR_SPAN_TRUNCATED;
  exec.argv_unreadable = raw->argv.flags & NESTOR_SPAN_UNREADABLE;
  const bool none = raw->argc == 0 || raw->argv_total == 0 || exec.argv_unreadable;
  exec.argv = SplitAtNul(*argv, none);
  exec.exe_inode = raw->exe_inode;
  exec.exe_device = raw->exe_device;
  exec.tty = raw->tty;
  exec.namespaces = {raw->mnt_ns, raw->pid_ns, raw->net_ns, raw->user_ns, raw->uts_ns, raw->ipc_ns};
  exec.ns_pid = raw->ns_pid;
  exec.session = raw->session;
  return Record(std::move(exec));
}

Result<Record> DecodeExit(Bytes bytes) {
  auto raw = Read<nestor_exit>(bytes);
  if (!raw) return raw.error();
  ExitRecord exit;
  exit.time_ns = raw->hdr.time_ns;
  exit.actor = ToActor(raw->actor);
  exit.run_ns = raw->run_ns;
  exit.code = raw->code;
  exit.signal = raw->signal & 0x7f;
  exit.core_dumped = raw->signal & 0x80;
  return Record(std::move(exit));
}

Result<Record> DecodeSocket(Bytes bytes, SocketOperation operation) {
  auto raw = Read<nestor_socket>(bytes);
  if (!raw) return raw.error();
  auto path = ReadText(bytes.subspan(offsetof(nestor_socket, data)), raw->unix_path);
  if (!path) return path.error();
  SocketRecord socket;
  socket.time_ns = raw->hdr.time_ns;
  socket.actor = ToActor(raw->actor);
  socket.operation = operation;
  socket.local = ToAddress(raw->local);
  socket.peer = ToAddress(raw->peer);
  socket.socket_cookie = raw->socket_cookie;
  socket.peer_hop_id = raw->peer_hop_id;
  socket.peer_process = ToKey(raw->peer_process);
  socket.result = raw->result;
  socket.socket_type = raw->type;
  socket.protocol = raw->protocol;
  socket.backlog = raw->backlog;
  socket.unix_path = std::move(*path);
  return Record(std::move(socket));
}

// A path; of trace, namespace and credential rules the words of the act.
Text SubjectOf(const nestor_verdict& raw, Text subject) {
  const Act act{raw.act.capabilities, raw.act.from, raw.act.to, raw.act.operation, raw.act.kinds};
  switch (ToEnum(raw.stage, kLastStage)) {
    case Stage::kTrace:
      subject.value = TraceText(act, raw.actor.self.tgid, subject.value);
      break;
    case Stage::kNamespace:
      subject.value = NamespaceText(act);
      break;
    case Stage::kCredential:
      subject.value = CredentialText(act, subject.value);
      break;
    case Stage::kNone:
    case Stage::kBprm:
    case Stage::kExec:
    case Stage::kOpen:
    case Stage::kConnect:
    case Stage::kSend:
    case Stage::kMmap:
    case Stage::kLink:
    case Stage::kRename:
    case Stage::kCreate:
    case Stage::kRemove:
    case Stage::kTruncate:
    case Stage::kAttributes:
      break;
  }
  return subject;
}

Result<Record> DecodeVerdict(Bytes bytes) {
  auto raw = Read<nestor_verdict>(bytes);
  if (!raw) return raw.error();
  const Bytes data = bytes.subspan(offsetof(nestor_verdict, data));
  auto subject = ReadText(data, raw->subject);
  auto argv = Slice(data, raw->argv);
  if (!subject) return subject.error();
  if (!argv) return argv.error();
  VerdictRecord verdict;
  verdict.time_ns = raw->hdr.time_ns;
  verdict.actor = ToActor(raw->actor);
  verdict.generation = raw->generation;
  verdict.rule = raw->rule;
  verdict.action = ToEnum(raw->action, Action::kKill);
  verdict.mode = ToEnum(raw->mode, Mode::kEnforce);
  verdict.stage = ToEnum(raw->stage, kLastStage);
  verdict.applied = raw->applied;
  verdict.error = raw->error;
  verdict.access = raw->access;
  verdict.peer = ToAddress(raw->peer);
  verdict.subject = SubjectOf(*raw, *std::move(subject));
  verdict.argv = SplitAtNul(*argv, true);
  verdict.argv_truncated = raw->argv.flags & NESTOR_SPAN_TRUNCATED;
  return Record(std::move(verdict));
}

Result<Record> DecodeCgroup(Bytes bytes) {
  auto raw = Read<nestor_cgroup>(bytes);
  if (!raw) return raw.error();
  auto name = ReadText(bytes.subspan(offsetof(nestor_cgroup, data)), raw->name);
  if (!name) return name.error();
  CgroupRecord cgroup;
  cgroup.time_ns = raw->hdr.time_ns;
  cgroup.id = raw->id;
  cgroup.removed = raw->removed;
  cgroup.name = std::move(name->value);
  return Record(std::move(cgroup));
}

Result<Record> DecodeGuard(Bytes bytes) {
  auto raw = Read<nestor_guard>(bytes);
  if (!raw) return raw.error();
  auto name = ReadText(bytes.subspan(offsetof(nestor_guard, data)), raw->name);
  if (!name) return name.error();
  GuardRecord guard;
  guard.time_ns = raw->hdr.time_ns;
  guard.actor = ToActor(raw->actor);
  guard.target = ToEnum(raw->target.kind, Guarded::kProcess);
  guard.number = raw->target.number;
  guard.signal = raw->detail;
  guard.applied = raw->applied;
  guard.name = std::move(name->value);
  return Record(std::move(guard));
}

Result<Record> DecodeTamper(Bytes bytes) {
  auto raw = Read<nestor_tamper>(bytes);
  if (!raw) return raw.error();
  TamperRecord tamper;
  tamper.time_ns = raw->hdr.time_ns;
  tamper.local = ToAddress(raw->local);
  tamper.peer = ToAddress(raw->peer);
  tamper.claimed_hop_id = raw->claimed_hop_id;
  tamper.claimed_pid = raw->claimed_pid;
  tamper.node = raw->node;
  tamper.container_cgroup_id = raw->container_cgroup_id;
  tamper.reason = ToEnum(raw->reason, TamperReason::kMalformed);
  tamper.answer = raw->answer;
  return Record(tamper);
}

}  // namespace

Actor ToActor(const nestor_actor& raw) {
  Actor actor;
  actor.self = ToKey(raw.self);
  actor.parent = ToKey(raw.parent);
  actor.chain_id = raw.chain_id;
  actor.hop_id = raw.hop_id;
  actor.cause_hop_id = raw.cause_hop_id;
  actor.cgroup_id = raw.cgroup_id;
  actor.container_cgroup_id = raw.container_cgroup_id;
  actor.depth = raw.depth;
  actor.tid = raw.tid;
  actor.uid = raw.uid;
  actor.gid = raw.gid;
  actor.auid = raw.auid;
  actor.flags.in_container = raw.flags & NESTOR_TASK_IN_CONTAINER;
  actor.flags.in_pod_chain = raw.flags & NESTOR_TASK_IN_POD_CHAIN;
  actor.flags.sshd = raw.flags & NESTOR_TASK_SSHD;
  actor.flags.pre_existing = raw.flags & NESTOR_TASK_PRE_EXISTING;
  actor.flags.entry = raw.flags & NESTOR_TASK_ENTRY;
  actor.flags.recovered = raw.flags & NESTOR_TASK_RECOVERED;
  actor.origin = ToHopKind(raw.origin_kind);
  actor.confidence = ToEnum(raw.confidence, Confidence::kUnseen);
  actor.comm = ToComm(raw.comm);
  return actor;
}

Result<Record> Decode(std::span<const std::byte> bytes) {
  auto header = Read<nestor_header>(bytes);
  if (!header) return header.error();
  if (header->size > bytes.size() || header->size < sizeof(nestor_header)) {
    return Broken("says it has " + std::to_string(header->size) + " bytes, has " +
                  std::to_string(bytes.size()));
  }
  bytes = bytes.first(header->size);
  switch (header->kind) {
    case NESTOR_HOP:
      return DecodeHop(bytes);
    case NESTOR_EXEC:
      return DecodeExec(bytes);
    case NESTOR_EXIT:
      return DecodeExit(bytes);
    case NESTOR_CONNECT:
      return DecodeSocket(bytes, SocketOperation::kConnect);
    case NESTOR_ACCEPT:
      return DecodeSocket(bytes, SocketOperation::kAccept);
    case NESTOR_BIND:
      return DecodeSocket(bytes, SocketOperation::kBind);
    case NESTOR_LISTEN:
      return DecodeSocket(bytes, SocketOperation::kListen);
    case NESTOR_VERDICT:
      return DecodeVerdict(bytes);
    case NESTOR_CGROUP:
      return DecodeCgroup(bytes);
    case NESTOR_TAMPER:
      return DecodeTamper(bytes);
    case NESTOR_GUARD:
      return DecodeGuard(bytes);
    default:
      return Broken("unknown kind " + std::to_string(header->kind));
  }
}

}  // namespace nestor
