// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/evidence.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace nestor {
namespace {

// enum nestor_connection_bits
constexpr uint32_t kConnectionTranslated = 1, kConnectionShared = 2;

std::string Who(const std::string& comm, ProcessKey key) {
  if (!key.known()) return "an unknown process";
  return (comm.empty() ? "process" : comm) + "[" + std::to_string(key.tgid) + "]";
}

std::string Container(const Workload& workload) {
  if (workload.container_id.empty()) return "a container";
  return "container " + workload.container_id.substr(0, 12);
}

// Who accepted. The record leaves it out when it is the process that the hop led to.
std::string Server(const HopRecord& hop) {
  return hop.server.known() ? Who(hop.server_comm, hop.server)
                            : Who(hop.actor.comm, hop.actor.self);
}

std::string Connection(const HopRecord& hop) {
  const bool over_unix =
      hop.kind == HopKind::kUnixSocket || hop.transport == HopKind::kUnixSocket ||
      (hop.kind == HopKind::kFdPass && hop.local.family != AddressFamily::kInet &&
       hop.local.family != AddressFamily::kInet6);
  if (!over_unix) return "tcp " + ToString(hop.peer) + " -> " + ToString(hop.local);
  const std::string& path = hop.unix_path.value;
  return "a connection to " + (path.empty() ? "an unnamed unix socket" : "unix " + path);
}

std::string Node(std::string_view name) {
  return name.empty() ? "another node" : "node " + std::string(name);
}

// "process 97 of node a, hop 0123456789abcdef there"
std::string FarSide(const RemoteInfo& remote) {
  return "process " + std::to_string(remote.pid) + " of " + Node(remote.node) + ", hop " +
         HopIdToString(remote.hop_id) + " there";
}

std::string LeadsTo(const HopRecord& hop, const RemoteInfo& remote) {
  return Who(hop.from_comm, hop.from) + " connected " + Connection(hop) + ", accepted by " +
         FarSide(remote);
}

std::string Accepted(const HopRecord& hop, const RemoteInfo* remote) {
  std::string text = Server(hop) + " accepted " + Connection(hop) + " from " +
                     (remote ? FarSide(*remote) : Who(hop.from_comm, hop.from));
  if (hop.detail & kConnectionTranslated) text += ", through a translated address";
  if (hop.detail & kConnectionShared) text += ", which is not the only one to send on it";
  if (hop.detail & kOlderConnection) text += ", before nestord began";
  if (hop.detail & kSettledHop) text += "; of several requests the one that was answered then";
  return text;
}

// The server's own hop, which an ambiguous one is below, is a candidate, too.
bool MayBeOwn(const HopRecord& hop) {
  return std::find(hop.candidates.begin(), hop.candidates.end(), hop.parent_id) !=
         hop.candidates.end();
}

std::string Ambiguous(const HopRecord& hop) {
  if (MayBeOwn(hop)) {
    const uint32_t others = hop.candidate_count - 1;
    return Who(hop.from_comm, hop.from) + " was told what to do by " +
           (others == 1 ? "a request" : std::to_string(others) + " requests") +
           ", and may also work for itself: nothing shows which of it this is";
  }
  return Who(hop.from_comm, hop.from) + " was at " + std::to_string(hop.candidate_count) +
         " requests at once: this came from one of them";
}

// "mnt net" of the bits of enum nestor_namespace_bits.
std::string NamespaceWords(uint32_t bits) {
  std::string words;
  constexpr const char* kNames[] = {"mnt", "net", "pid", "user"};
  for (size_t bit = 0; bit < std::size(kNames); ++bit) {
    if ((bits & (1U << bit)) == 0) continue;
    if (!words.empty()) words += ' ';
    words += kNames[bit];
  }
  return words;
}

std::string CredentialWords(const HopRecord& hop) {
  std::string words;
  if (hop.old_uid != hop.new_uid) {
    words = "uid " + std::to_string(hop.old_uid) + " -> " + std::to_string(hop.new_uid);
  }
  if (hop.gained_caps == 0) return words;
  char hex[17];
  std::snprintf(hex, sizeof(hex), "%llx", static_cast<unsigned long long>(hop.gained_caps));
  return words + (words.empty() ? "" : ", ") + "capabilities +0x" + hex;
}

std::string TraceWords(uint32_t way) {
  constexpr const char* kWays[] = {"", "ptrace", "process_vm_writev", "/proc/PID/mem"};
  return way < std::size(kWays) ? kWays[way] : "";
}

std::string InputWords(uint32_t input) {
  constexpr const char* kInputs[] = {"", "no input", "input", "terminal"};
  return input < std::size(kInputs) ? kInputs[input] : "";
}

}  // namespace

std::string EvidenceOf(const HopRecord& hop, const Workload& to, const RemoteInfo* remote) {
  if (hop.candidate_count > 0) return Ambiguous(hop);
  switch (hop.kind) {
    case HopKind::kContainerEntrypoint:
      return "first process of " + Container(to) + ", started by " + Who(hop.from_comm, hop.from);
    case HopKind::kRuntimeExec: {
      const std::string input = InputWords(hop.detail);
      return "put into " + Container(to) + " by " + Who(hop.from_comm, hop.from) +
             (input.empty() ? "" : ", with " + input);
    }
    case HopKind::kSshLogin:
    case HopKind::kTcp:
    case HopKind::kTcpRemote:
    case HopKind::kUnixSocket:
      return remote && (hop.detail & kOutgoingHop) ? LeadsTo(hop, *remote) : Accepted(hop, remote);
    case HopKind::kFdPass:
      return Server(hop) + " got " + Connection(hop) + " as a descriptor from " +
             Who(hop.from_comm, hop.from);
    case HopKind::kNamespace:
      return Who(hop.from_comm, hop.from) +
             " entered other namespaces: " + NamespaceWords(hop.detail);
    case HopKind::kCredential:
      return Who(hop.from_comm, hop.from) + " runs with other rights: " + CredentialWords(hop);
    case HopKind::kTrace:
      return Who(hop.from_comm, hop.from) + " took hold of " + Who(hop.actor.comm, hop.actor.self) +
             " by " + TraceWords(hop.detail);
    case HopKind::kDelegated:
      return "started by " + Who(hop.from_comm, hop.from) + " for somebody who is not known";
    case HopKind::kHostService:
      return "started by " + Who(hop.from_comm, hop.from);
    case HopKind::kPreExisting:
      return "ran before nestord started";
    case HopKind::kNone:
      return "";
  }
  return "";
}

std::string DetailOf(const HopRecord& hop) {
  switch (hop.kind) {
    case HopKind::kRuntimeExec:
      return InputWords(hop.detail);
    case HopKind::kNamespace:
      return NamespaceWords(hop.detail);
    case HopKind::kCredential:
      return CredentialWords(hop);
    case HopKind::kTrace:
      return TraceWords(hop.detail);
    case HopKind::kSshLogin:
    case HopKind::kTcp:
    case HopKind::kTcpRemote:
    case HopKind::kUnixSocket: {
      std::string words = hop.detail & kConnectionTranslated ? "translated" : "";
      if (hop.detail & kConnectionShared) words += words.empty() ? "shared" : " shared";
      if (hop.detail & kOutgoingHop) words += words.empty() ? "outgoing" : " outgoing";
      if (hop.detail & kOlderConnection) words += words.empty() ? "older" : " older";
      if (hop.detail & kSettledHop) words += words.empty() ? "settled" : " settled";
      return words;
    }
    case HopKind::kNone:
    case HopKind::kContainerEntrypoint:
    case HopKind::kHostService:
    case HopKind::kPreExisting:
    case HopKind::kFdPass:
    case HopKind::kDelegated:
      return "";
  }
  return "";
}

std::string TamperText(const TamperRecord& tamper, std::string_view node) {
  const std::string from = "tcp " + ToString(tamper.peer) + " -> " + ToString(tamper.local) +
                           (tamper.answer ? ", answered by " : ", from ") + Node(node);
  switch (tamper.reason) {
    case TamperReason::kForged:
      return from + ": claims a hop with a tag that no key gives";
    case TamperReason::kReplayed:
      return from + ": claims a hop with a tag that was used before";
    case TamperReason::kStale:
      return from + ": claims a hop at a time more than a minute away";
    case TamperReason::kForeign:
      return from + ", which is no peer: claims a hop";
    case TamperReason::kMalformed:
      return from + ": claims a hop in an option of a wrong length";
    case TamperReason::kNone:
      break;
  }
  return from + ": claims a hop";
}

std::string GuardText(const GuardRecord& guard) {
  const auto what = [&guard]() -> std::string {
    const std::string number = std::to_string(guard.number);
    switch (guard.target) {
      case Guarded::kMap:
        return "BPF map " + number + " of nestor";
      case Guarded::kProgram:
        return "BPF program " + number + " of nestor";
      case Guarded::kLink:
        return "BPF link " + number + " of nestor";
      case Guarded::kFile:
        return guard.name + ", which is nestor's or in a directory of it";
      case Guarded::kMount:
        return "unmounting a file system that nestor keeps things in";
      case Guarded::kProcess:
        return guard.signal ? "signal " + std::to_string(guard.signal) + " to nestord"
                            : "tracing or slowing down nestord";
      case Guarded::kNone:
        break;
    }
    return "something of nestor";
  };
  return what() + (guard.applied ? ": refused" : ": not refused, kernel.protect is report");
}

std::string TtyName(uint32_t device) {
  constexpr uint32_t kFirstPtsMajor = 136, kLastPtsMajor = 143, kTtyMajor = 4;
  const uint32_t major = device >> 20, minor = device & 0xfffff;
  if (device == 0) return "";
  if (major >= kFirstPtsMajor && major <= kLastPtsMajor) {
    return "pts/" + std::to_string((major - kFirstPtsMajor) * 256 + minor);
  }
  if (major == kTtyMajor) return "tty" + std::to_string(minor);
  return std::to_string(major) + ":" + std::to_string(minor);
}

}  // namespace nestor
