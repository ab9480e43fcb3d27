// SPDX-License-Identifier: Apache-2.0
// Records in, events out.
#include <utility>

#include "agent/chain/chain_state.h"
#include "agent/chain/evidence.h"
#include "agent/chain/words.h"

namespace nestor {
namespace {

EventType TypeOf(SocketOperation operation) {
  switch (operation) {
    case SocketOperation::kConnect:
      return EventType::kConnect;
    case SocketOperation::kAccept:
      return EventType::kAccept;
    case SocketOperation::kBind:
      return EventType::kBind;
    case SocketOperation::kListen:
      return EventType::kListen;
  }
  return EventType::kConnect;
}

}  // namespace

Event ChainGraph::State::Base(EventType type, uint64_t boot_ns, const Actor& actor) {
  Event event;
  event.type = type;
  event.boot_ns = boot_ns;
  event.chain_id = actor.chain_id;
  event.hop_id = actor.hop_id;
  event.cause_hop_id = actor.cause_hop_id;
  event.depth = actor.depth;
  event.origin = actor.origin;
  event.confidence = actor.confidence;
  event.parent = ReferenceTo(actor.parent);
  FollowHop(event);
  return event;
}

Event ChainGraph::State::EventOf(EventType type, uint64_t boot_ns, const Actor& actor,
                                 const ProcessNode* node) {
  Event event = Base(type, boot_ns, actor);
  if (node) {
    event.process = node->process.Unpack();
    event.workload = *node->workload;
  } else {
    event.process = FirstInfo(actor);
    event.workload = WorkloadOf(actor.container_cgroup_id);
  }
  return event;
}

bool ChainGraph::State::Visible(const Actor& actor) const {
  return options.node_scope || actor.container_cgroup_id != 0 || actor.flags.in_pod_chain;
}

ProcessInfo ChainGraph::State::LastingInfo(const Actor& actor) {
  ProcessInfo info;
  info.key = actor.self;
  info.pre_existing = actor.flags.pre_existing;
  return info;
}

ProcessInfo ChainGraph::State::TakeInfo(ExecRecord& record) {
  ProcessInfo info = LastingInfo(record.actor);
  info.exe = std::move(record.exe.value);
  info.argv = std::move(record.argv);
  info.argv_truncated = record.argv_truncated || record.argv_unreadable;
  info.argc = record.argc;
  info.argv_bytes = record.argv_bytes;
  info.cwd = std::move(record.cwd.value);
  info.uid = record.actor.uid;
  info.gid = record.actor.gid;
  info.auid = record.actor.auid;
  info.tty = TtyName(record.tty);
  return info;
}

std::vector<Event> ChainGraph::State::Apply(ExecRecord&& record) {
  const Actor& actor = record.actor;
  ProcessInfo info = TakeInfo(record);
  ProcessNode* node = NodeOf(actor, [&] { return LastingInfo(actor); });
  Event event = Base(EventType::kExec, record.time_ns, actor);
  if (node) {
    info.pre_existing = node->process.pre_existing();
    MarkAgent(*node, info);
    node->process = PackedProcess(info);
    // The hop was told when the server took the connection; it is told again, with who it is.
    if (TakeLogin(*node)) hops[node->hop_id].published = false;
  }
  // The first program of a hop names where the hop leads to.
  const auto hop = hops.find(actor.hop_id);
  if (hop != hops.end() && hop->second.data.hop.to.process.key == actor.self) {
    hop->second.data.hop.to.process = info;
  }
  event.process = std::move(info);
  event.workload = node ? *node->workload : WorkloadOf(actor.container_cgroup_id);
  return AfterItsHops(std::move(event));
}

std::vector<Event> ChainGraph::State::Apply(const ExitRecord& record) {
  ProcessNode* node = NodeOf(record.actor);
  Event event = EventOf(EventType::kExit, record.time_ns, record.actor, node);
  event.exit = ExitInfo{record.code, record.signal, record.core_dumped, record.run_ns};
  if (node) {
    node->exit = *event.exit;
    if (node->alive) End(*node, record.time_ns);
  }
  return AfterItsHops(std::move(event));
}

std::vector<Event> ChainGraph::State::Apply(const SocketRecord& record) {
  Event event =
      EventOf(TypeOf(record.operation), record.time_ns, record.actor, NodeOf(record.actor));
  SocketInfo socket;
  const AddressFamily family =
      record.local.family == AddressFamily::kNone ? record.peer.family : record.local.family;
  socket.family = FamilyName(family);
  socket.local = ToString(record.local);
  socket.peer = ToString(record.peer);
  if (family == AddressFamily::kUnix) {
    const bool peer_side = record.operation == SocketOperation::kConnect;
    (peer_side ? socket.peer : socket.local) = record.unix_path.value;
  }
  socket.type = SocketTypeName(record.socket_type);
  socket.result = record.result;
  socket.peer_hop_id = record.peer_hop_id;
  if (record.peer_process.known()) socket.peer_process = ReferenceTo(record.peer_process);
  // Who listens is known, not yet who will accept: it is in the listener's hop as long as it is
  // nobody else's. So it shows whose ssh-agent is asked: that of the login that sshd serves.
  const auto listener = processes.find(record.peer_process);
  if (socket.peer_hop_id == 0 && listener != processes.end()) {
    socket.peer_hop_id = listener->second.hop_id;
  }
  event.socket = std::move(socket);
  return AfterItsHops(std::move(event));
}

namespace {

// A peer that is known by a name that a rule asks for: "10.0.0.1:443 (db.example.org)".
std::string SubjectText(const VerdictRecord& record) {
  const std::string peer = ToString(record.peer);
  if (peer.empty()) return record.subject.value;
  return record.subject.value.empty() ? peer : peer + " (" + record.subject.value + ")";
}

}  // namespace

std::vector<Event> ChainGraph::State::Apply(const VerdictRecord& record) {
  ProcessNode* node = NodeOf(record.actor);
  Event event = EventOf(EventType::kVerdict, record.time_ns, record.actor, node);
  VerdictInfo verdict;
  verdict.mode = record.mode;
  verdict.action = record.action;
  verdict.stage = record.stage;
  verdict.applied = record.applied;
  verdict.generation = record.generation;
  verdict.subject = SubjectText(record);
  verdict.argv = record.argv;
  verdict.subject_truncated = record.subject.truncated;
  verdict.argv_truncated = record.argv_truncated;
  if (record.error != 0) verdict.error = Error::FromErrno("apply", -record.error).message;
  rule(record.generation, record.rule, verdict);
  if (record.access)
    event.file = FileInfo{record.subject.value, std::string(AccessWord(record.access))};
  constexpr size_t kKeptVerdicts = 64;  // for a process that tries for ever; the events have all
  if (node) {
    std::vector<VerdictInfo>& verdicts =
        node->verdicts ? *node->verdicts : node->verdicts.emplace();
    if (verdicts.size() < kKeptVerdicts) verdicts.push_back(verdict);
  }
  event.verdict = std::move(verdict);
  return AfterItsHops(std::move(event));
}

std::vector<Event> ChainGraph::State::Apply(const GuardRecord& record) {
  Event event = EventOf(EventType::kTamper, record.time_ns, record.actor, NodeOf(record.actor));
  TamperInfo tamper;
  tamper.what = WordOf(record.target);
  tamper.detail = GuardText(record);
  event.tamper = std::move(tamper);
  return {event};
}

std::vector<Event> ChainGraph::State::Apply(const TamperRecord& record) {
  Event event;
  event.type = EventType::kTamper;
  event.boot_ns = record.time_ns;
  event.confidence = Confidence::kExact;
  event.workload = WorkloadOf(record.container_cgroup_id);
  SocketInfo socket;
  socket.family = FamilyName(record.local.family);
  socket.local = ToString(record.local);
  socket.peer = ToString(record.peer);
  socket.type = SocketTypeName(1);
  event.socket = std::move(socket);
  TamperInfo tamper;
  tamper.what = WordOf(record.reason);
  tamper.node = NodeName(record.node);
  tamper.claimed_hop_id = record.claimed_hop_id;
  tamper.claimed_pid = record.claimed_pid;
  tamper.detail = TamperText(record, tamper.node);
  event.tamper = std::move(tamper);
  return {event};
}

std::vector<Event> ChainGraph::State::Apply(const CgroupRecord&) { return {}; }

}  // namespace nestor
