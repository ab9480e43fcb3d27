// SPDX-License-Identifier: Apache-2.0
// Values with every field set to something of its own.
#ifndef NESTOR_TESTS_UNIT_API_SAMPLES_H_
#define NESTOR_TESTS_UNIT_API_SAMPLES_H_

#include <string>

#include "agent/event/event.h"
#include "agent/mask/masked.h"
#include "agent/mask/masker.h"

namespace nestor {

inline constexpr HopId kChainId = 0x71c2000000000001;
inline constexpr HopId kHopId = 0x71c2000000000002;

// As the pipeline would have masked it; the samples hold no secret. A masker for each thread, for
// the calls of a server come on several.
template <typename T>
Masked<T> Mask(T value) {
  thread_local Result<Masker> masker =
      Masker::Create({.enabled_builtin = false, .extra_patterns = {}});
  return masker->Mask(std::move(value));
}

inline Workload SampleWorkload(const std::string& pod) {
  return {.namespace_name = "shop",
          .pod = pod,
          .pod_uid = "uid-of-" + pod,
          .container = "main",
          .container_id = "c0ffee",
          .image = "shop/web:1",
          .sandbox = true,
          .pending = true};
}

inline ProcessInfo SampleProcess(uint32_t tgid, const std::string& exe) {
  return {.key = {.start_ns = 0x1000 + tgid, .tgid = tgid},
          .exe = exe,
          .argv = {exe, "-c", "id"},
          .cwd = "/srv",
          .uid = 1000,
          .gid = 1001,
          .auid = 1002,
          .tty = "pts/3",
          .argv_truncated = true,
          .pre_existing = true,
          .agent = "claude",
          .agent_depth = 2,
          .argc = 7,
          .argv_bytes = 70};
}

inline ProcessReference SampleReference(uint32_t tgid, const std::string& exe) {
  return {.key = {.start_ns = 0x1000 + tgid, .tgid = tgid}, .exe = exe};
}

inline HopInfo SampleHop() {
  return {.id = kHopId,
          .parent_id = kChainId,
          .kind = HopKind::kTcp,
          .from = {SampleProcess(41, "/bin/curl"), SampleWorkload("web"), "10.0.3.7:51544"},
          .to = {SampleProcess(42, "/usr/sbin/sshd"), SampleWorkload("db"), "10.0.3.8:22"},
          .evidence = "accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22",
          .detail = "translated",
          .candidates = {kChainId, 7},
          .remote = RemoteInfo{.node = "node-b", .hop_id = 8, .pid = 77},
          .login = LoginInfo{.user = "alice",
                             .method = "publickey",
                             .key = "ssh-ed25519 SHA256:0UBU",
                             .certificate = "alice@corp (serial 7)"}};
}

inline VerdictInfo SampleVerdict() {
  return {.rule = "no-shadow",
          .policy = "baseline",
          .mode = Mode::kEnforce,
          .action = Action::kDeny,
          .stage = Stage::kOpen,
          .applied = true,
          .generation = 7,
          .message = "passwords are not for this chain",
          .subject = "/etc/shadow",
          .argv = {"cat", "/etc/shadow"},
          .error = "too late",
          .severity = "high",
          .tags = {"T1552.001"},
          .subject_truncated = true,
          .argv_truncated = true};
}

inline AgentInfo SampleAgent() {
  return {.process = SampleProcess(42, "/usr/bin/claude"),
          .workload = SampleWorkload("web"),
          .chain_id = kChainId,
          .hop_id = kHopId,
          .start_time_ns = 1'700'000'000'000'000'001,
          .end_time_ns = 1'700'000'009'000'000'002,
          .alive = true,
          .exit = ExitInfo{.code = 1, .signal = 9, .core_dumped = true, .run_ns = 77},
          .started_by = SampleReference(41, "/bin/bash"),
          .above = "codex",
          .above_process = {.start_ns = 0x1028, .tgid = 40}};
}

inline HeartbeatInfo SampleHeartbeat() {
  return {.node = "node-a",
          .boot_id = "boot-1",
          .instance = 1,
          .number = 2,
          .first_seq = 3,
          .last_seq = 4,
          .losses = 5,
          .interval_ns = 6,
          .boot_ns = 7,
          .time_ns = 8,
          .final = true,
          .previous = "0a",
          .key_id = "0b",
          .signature = std::string("\xff\0\x80", 3)};
}

inline GapInfo SampleGap() {
  return {.node = "node-a",
          .boot_id = "boot-1",
          .instance = 1,
          .boot_ns = 2,
          .time_ns = 3,
          .earlier = "known",
          .previous_boot_id = "boot-0",
          .previous_instance = 4,
          .previous_number = 5,
          .previous_seq = 6,
          .previous_boot_ns = 7,
          .previous_time_ns = 8,
          .same_boot = true,
          .ending = "killed",
          .kernel = "kept",
          .losses = 9,
          .previous = "0c",
          .key_id = "0d",
          .signature = std::string("\xfe\0\x81", 3)};
}

// An event of which nothing but this is known.
inline Event BareEvent(EventType type, HopId chain_id = 0) {
  Event event;
  event.type = type;
  event.chain_id = chain_id;
  return event;
}

// Every optional part at once, which no event of the pipeline has.
inline Event SampleEvent() {
  return {.seq = 9,
          .time_ns = 1'700'000'000'123'456'789,
          .boot_ns = 5'000'000'001,
          .type = EventType::kHop,
          .chain_id = kChainId,
          .hop_id = kHopId,
          .cause_hop_id = 0xabc,
          .depth = 2,
          .origin = HopKind::kRuntimeExec,
          .confidence = Confidence::kInferred,
          .process = SampleProcess(42, "/bin/sh"),
          .parent = SampleReference(40, "/usr/sbin/sshd"),
          .workload = SampleWorkload("db"),
          .hop = SampleHop(),
          .exit = ExitInfo{.code = 1, .signal = 9, .core_dumped = true, .run_ns = 77},
          .socket = SocketInfo{.family = "inet",
                               .local = "10.0.3.8:22",
                               .peer = "10.0.3.7:51544",
                               .type = "stream",
                               .result = -111,
                               .peer_process = SampleReference(41, "/bin/curl"),
                               .peer_hop_id = kChainId},
          .file = FileInfo{.path = "/etc/shadow", .access = "read"},
          .verdict = SampleVerdict(),
          .loss = LossInfo{.where = "ring-bulk", .count = 3, .total = 5, .events = "hops"},
          .tamper = TamperInfo{.what = "option-forged",
                               .detail = "claims a hop",
                               .node = "node-b",
                               .claimed_hop_id = kHopId,
                               .claimed_pid = 812},
          .heartbeat = SampleHeartbeat(),
          .gap = SampleGap()};
}

inline ChainInfo SampleChain(HopId id = kChainId, const std::string& pod = "web") {
  ChainHop hop{.hop = SampleHop(),
               .depth = 1,
               .confidence = Confidence::kExact,
               .time_ns = 1'700'000'001'000'000'001,
               .alive = true};
  ChainProcess process{.process = SampleProcess(42, "/bin/sh"),
                       .parent = {.start_ns = 0x1028, .tgid = 40},
                       .hop_id = kHopId,
                       .workload = SampleWorkload("db"),
                       .start_time_ns = 1'700'000'002'000'000'002,
                       .alive = true,
                       .exit = ExitInfo{.code = 1, .signal = 9, .core_dumped = true, .run_ns = 77},
                       .verdicts = {SampleVerdict()}};
  return {.id = id,
          .origin = HopKind::kSshLogin,
          .workload = SampleWorkload(pod),
          .time_ns = 1'700'000'000'000'000'003,
          .alive = true,
          .hops = {hop},
          .processes = {process}};
}

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_API_SAMPLES_H_
