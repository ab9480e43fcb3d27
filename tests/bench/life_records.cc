// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/life_records.h"

#include <cstring>
#include <string>
#include <string_view>

#include "bpf/abi.h"

namespace nestor::bench {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

constexpr uint64_t kHop = 0x5d2e91c40a7f3b68, kContainerCgroup = 7311;
constexpr nestor_process kRuntime{900'000'000, 512, 0}, kShell{1'000'000'000, 640, 0};
constexpr uint64_t kForkToExecNs = 500'000, kRunNs = 3'000'000;

nestor_actor Actor(nestor_process self, nestor_process parent, const char* comm) {
  nestor_actor actor{};
  actor.self = self;
  actor.parent = parent;
  actor.chain_id = actor.hop_id = kHop;
  actor.cgroup_id = actor.container_cgroup_id = kContainerCgroup;
  actor.tid = self.tgid;
  actor.uid = actor.gid = 1000;
  actor.auid = UINT32_MAX;
  actor.flags = NESTOR_TASK_IN_CONTAINER;
  actor.origin_kind = NESTOR_HOP_CONTAINER_ENTRYPOINT;
  actor.confidence = NESTOR_EXACT;
  std::strncpy(actor.comm, comm, sizeof(actor.comm) - 1);
  return actor;
}

template <typename T>
Bytes ToBytes(T raw, nestor_kind kind, uint64_t time_ns, std::string_view data = {}) {
  raw.hdr.time_ns = time_ns;
  raw.hdr.size = static_cast<uint32_t>(sizeof(T) + data.size());
  raw.hdr.kind = kind;
  Bytes bytes(raw.hdr.size);
  std::memcpy(bytes.data(), &raw, sizeof(T));
  std::memcpy(bytes.data() + sizeof(T), data.data(), data.size());
  return bytes;
}

// Appends `text` to `data` and says where it lies.
nestor_span Append(std::string_view text, std::string& data) {
  const nestor_span span{static_cast<uint32_t>(data.size()), static_cast<uint16_t>(text.size()), 0};
  data += text;
  return span;
}

Bytes Exec(const nestor_actor& actor, uint64_t time_ns, std::string_view exe, std::string_view argv,
           uint32_t argc) {
  std::string data;
  nestor_exec raw{};
  raw.actor = actor;
  raw.exe_inode = 262'417;
  raw.exe_device = 8 << 20 | 1;
  raw.argc = argc;
  raw.argv_total = static_cast<uint32_t>(argv.size() + 1);
  raw.tty = 136 << 8 | 3;
  raw.ns_pid = actor.self.tgid;
  raw.exe = Append(exe, data);
  raw.argv = Append(argv, data);
  raw.cwd = Append("/srv/www/data", data);
  return ToBytes(raw, NESTOR_EXEC, time_ns, data);
}

nestor_process ProcessOf(size_t life, uint64_t between_ns) {
  return {2'000'000'000 + life * between_ns, static_cast<uint32_t>(1000 + life), 0};
}

nestor_actor ActorOf(nestor_process self) { return Actor(self, kShell, "convert"); }

}  // namespace

Bytes HopRecordBytes() {
  nestor_hop raw{};
  raw.actor = Actor(kShell, kRuntime, "sh");
  raw.body.id = kHop;
  raw.body.from = kRuntime;
  raw.body.kind = NESTOR_HOP_CONTAINER_ENTRYPOINT;
  std::strncpy(raw.body.from_comm, "containerd-shim", sizeof(raw.body.from_comm) - 1);
  return ToBytes(raw, NESTOR_HOP, kShell.start_ns);
}

Bytes EntrypointRecordBytes() {
  return Exec(Actor(kShell, kRuntime, "sh"), kShell.start_ns + kForkToExecNs, "/usr/bin/dash",
              "/bin/sh\0-c\0while true; do resize-next-image; done"sv, 3);
}

Bytes ExecRecordBytes(size_t life, uint64_t between_ns) {
  const nestor_process self = ProcessOf(life, between_ns);
  std::string argv = "convert\0-resize\0/srv/www/data/img-00000000.jpeg"s;
  const std::string number = std::to_string(life);
  argv.replace(argv.rfind('.') - number.size(), number.size(), number);
  return Exec(ActorOf(self), self.start_ns + kForkToExecNs, "/usr/lib/imagemagick/bin/convert",
              argv, 3);
}

Bytes ExitRecordBytes(size_t life, uint64_t between_ns) {
  const nestor_process self = ProcessOf(life, between_ns);
  nestor_exit raw{};
  raw.actor = ActorOf(self);
  raw.run_ns = kRunNs;
  return ToBytes(raw, NESTOR_EXIT, self.start_ns + kRunNs);
}

}  // namespace nestor::bench
