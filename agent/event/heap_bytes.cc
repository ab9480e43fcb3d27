// SPDX-License-Identifier: Apache-2.0
#include "agent/event/heap_bytes.h"

#include <string>
#include <vector>

namespace nestor {
namespace {

size_t HeapBytes(const std::string& text) {
  static const size_t inline_capacity = std::string().capacity();
  return text.capacity() > inline_capacity ? text.capacity() + kAllocationBytes : 0;
}

size_t HeapBytes(const std::vector<std::string>& list) {
  size_t bytes = list.capacity() * sizeof(std::string);
  for (const std::string& text : list) bytes += HeapBytes(text);
  return bytes == 0 ? 0 : bytes + kAllocationBytes;
}

size_t HeapBytes(const Workload& workload) {
  return HeapBytes(workload.namespace_name) + HeapBytes(workload.pod) +
         HeapBytes(workload.pod_uid) + HeapBytes(workload.container) +
         HeapBytes(workload.container_id) + HeapBytes(workload.image);
}

size_t HeapBytes(const ProcessReference& process) { return HeapBytes(process.exe); }

size_t HeapBytes(const HopEnd& end) {
  return HeapBytes(end.process) + HeapBytes(end.workload) + HeapBytes(end.address);
}

size_t HeapBytes(const LoginInfo& login) {
  return HeapBytes(login.user) + HeapBytes(login.method) + HeapBytes(login.key) +
         HeapBytes(login.certificate);
}

size_t HeapBytes(const SocketInfo& socket) {
  return HeapBytes(socket.local) + HeapBytes(socket.peer) +
         (socket.peer_process ? HeapBytes(*socket.peer_process) : 0);
}

size_t HeapBytes(const FileInfo& file) { return HeapBytes(file.path); }

size_t HeapBytes(const LossInfo& loss) { return HeapBytes(loss.where) + HeapBytes(loss.events); }

size_t HeapBytes(const TamperInfo& tamper) {
  return HeapBytes(tamper.what) + HeapBytes(tamper.detail) + HeapBytes(tamper.node);
}

size_t HeapBytes(const HeartbeatInfo& beat) {
  return HeapBytes(beat.node) + HeapBytes(beat.boot_id) + HeapBytes(beat.previous) +
         HeapBytes(beat.key_id) + HeapBytes(beat.signature);
}

size_t HeapBytes(const GapInfo& gap) {
  return HeapBytes(gap.node) + HeapBytes(gap.boot_id) + HeapBytes(gap.earlier) +
         HeapBytes(gap.previous_boot_id) + HeapBytes(gap.ending) + HeapBytes(gap.kernel) +
         HeapBytes(gap.previous) + HeapBytes(gap.key_id) + HeapBytes(gap.signature);
}

template <typename T>
size_t BoxBytes(const Boxed<T>& box) {
  return box ? sizeof(T) + kAllocationBytes + HeapBytes(*box) : 0;
}

}  // namespace

size_t HeapBytes(const ProcessInfo& process) {
  return HeapBytes(process.exe) + HeapBytes(process.argv) + HeapBytes(process.cwd) +
         HeapBytes(process.tty) + HeapBytes(process.agent);
}

size_t HeapBytes(const HopInfo& hop) {
  return HeapBytes(hop.from) + HeapBytes(hop.to) + HeapBytes(hop.evidence) + HeapBytes(hop.detail) +
         hop.candidates.capacity() * sizeof(HopId) +
         (hop.remote ? sizeof(RemoteInfo) + kAllocationBytes + HeapBytes(hop.remote->node) : 0) +
         (hop.login ? sizeof(LoginInfo) + kAllocationBytes + HeapBytes(*hop.login) : 0);
}

size_t HeapBytes(const VerdictInfo& verdict) {
  return HeapBytes(verdict.argv) + HeapBytes(verdict.subject) + HeapBytes(verdict.message) +
         HeapBytes(verdict.error) + HeapBytes(verdict.severity) + HeapBytes(verdict.tags);
}

size_t HeapBytes(const Event& event) {
  return HeapBytes(event.process) + HeapBytes(event.parent) + HeapBytes(event.workload) +
         BoxBytes(event.hop) + BoxBytes(event.socket) + BoxBytes(event.file) +
         BoxBytes(event.verdict) + BoxBytes(event.loss) + BoxBytes(event.tamper) +
         BoxBytes(event.heartbeat) + BoxBytes(event.gap);
}

}  // namespace nestor
