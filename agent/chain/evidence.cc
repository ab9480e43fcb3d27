// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/evidence.h"

namespace nestor {
namespace {

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
  if (hop.kind != HopKind::kUnixSocket && hop.transport != HopKind::kUnixSocket) {
    return "tcp " + ToString(hop.peer) + " -> " + ToString(hop.local);
  }
  const std::string& path = hop.unix_path.value;
  return "a connection to " + (path.empty() ? "an unnamed unix socket" : "unix " + path);
}

}  // namespace

std::string EvidenceOf(const HopRecord& hop, const Workload& to) {
  switch (hop.kind) {
    case HopKind::kContainerEntrypoint:
      return "first process of " + Container(to) + ", started by " + Who(hop.from_comm, hop.from);
    case HopKind::kRuntimeExec:
      return "put into " + Container(to) + " by " + Who(hop.from_comm, hop.from);
    case HopKind::kSshLogin:
    case HopKind::kTcp:
    case HopKind::kUnixSocket:
      return Server(hop) + " accepted " + Connection(hop) + " from " + Who(hop.from_comm, hop.from);
    case HopKind::kHostService:
      return "started by " + Who(hop.from_comm, hop.from);
    case HopKind::kPreExisting:
      return "ran before nestord started";
    case HopKind::kNone:
      return "";
  }
  return "";
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
