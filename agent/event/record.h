// SPDX-License-Identifier: Apache-2.0
// What the kernel said, as plain values: the output of decode and the input of workload, chain and
// policy naming.
#ifndef NESTOR_AGENT_EVENT_RECORD_H_
#define NESTOR_AGENT_EVENT_RECORD_H_

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "agent/event/process_key.h"
#include "agent/event/vocabulary.h"

namespace nestor {

// A string from the kernel. Bytes from pods are hostile: any byte but NUL may stand in `value`.
struct Text {
  std::string value;
  bool truncated = false;   // longer than its bound
  bool unreadable = false;  // the read failed; value is what was got before that
  bool unresolved = false;  // a path as the caller spelled it, not as the kernel resolved it
};

struct TaskFlags {
  bool in_container = false;
  bool in_pod_chain = false;
  bool sshd = false;
  bool pre_existing = false;
  bool entry = false;      // the process that opened its hop
  bool recovered = false;  // context taken from the nearest ancestor that had one
};

// Who did it; see struct nestor_actor in bpf/abi.h for each field.
struct Actor {
  ProcessKey self;
  ProcessKey parent;
  HopId chain_id = 0;
  HopId hop_id = 0;
  HopId cause_hop_id = 0;
  CgroupId cgroup_id = 0;
  CgroupId container_cgroup_id = 0;
  uint32_t depth = 0;
  uint32_t tid = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t auid = 0xffffffff;
  TaskFlags flags;
  HopKind origin = HopKind::kNone;
  Confidence confidence = Confidence::kUnknown;
  std::string comm;
};

enum class AddressFamily : uint8_t { kNone, kInet, kInet6, kUnix };

struct Address {
  AddressFamily family = AddressFamily::kNone;
  uint16_t port = 0;
  uint32_t netns = 0;
  std::array<uint8_t, 16> bytes{};  // network byte order; inet uses the first 4
};

// "10.0.3.7:51544", "[::1]:22", "" for unix and none.
std::string ToString(const Address& address);

// See struct nestor_hop in bpf/abi.h for each field.
struct HopRecord {
  uint64_t time_ns = 0;  // CLOCK_BOOTTIME
  Actor actor;           // the first process inside the hop, if `entered`
  bool entered = true;
  bool again = false;  // it was told as ambiguous; the actor may have ended since
  HopId id = 0;
  HopId parent_id = 0;
  HopId chain_id = 0;
  uint32_t depth = 0;
  HopKind origin = HopKind::kNone;
  Confidence confidence = Confidence::kUnknown;
  std::vector<HopId> candidates;  // of an ambiguous one
  uint32_t candidate_count = 0;
  uint32_t detail = 0;  // by kind
  uint32_t old_uid = 0;
  uint32_t new_uid = 0;
  uint64_t gained_caps = 0;
  HopId remote_hop_id = 0;
  uint32_t remote_pid = 0;
  uint32_t remote_node = 0;  // NodeId of its name
  CgroupId to_container_cgroup_id = 0;
  HopKind kind = HopKind::kNone;
  HopKind transport = HopKind::kNone;
  ProcessKey from;
  std::string from_comm;
  CgroupId from_container_cgroup_id = 0;
  ProcessKey server;
  std::string server_comm;
  Address peer;
  Address local;
  uint64_t socket_cookie = 0;
  Text unix_path;
};

// Bits of HopRecord::detail of a connection: it leads to another node, nothing of it runs here; it
// was there before nestord; it was one of several until its request was answered.
inline constexpr uint32_t kOutgoingHop = 8, kOlderConnection = 16, kSettledHop = 32;

struct Namespaces {
  uint32_t mnt = 0, pid = 0, net = 0, user = 0, uts = 0, ipc = 0;  // inode numbers
};

struct ExecRecord {
  uint64_t time_ns = 0;
  Actor actor;
  Text exe;
  std::vector<std::string> argv;
  uint32_t argc = 0;        // as the kernel counted
  uint32_t argv_bytes = 0;  // of the whole argv
  bool argv_truncated = false;
  bool argv_unreadable = false;
  Text cwd;
  uint64_t exe_inode = 0;
  uint32_t exe_device = 0;
  uint32_t tty = 0;
  Namespaces namespaces;
  uint32_t ns_pid = 0;
  uint32_t session = 0;
};

struct ExitRecord {
  uint64_t time_ns = 0;
  Actor actor;
  uint64_t run_ns = 0;
  uint32_t code = 0;
  uint32_t signal = 0;
  bool core_dumped = false;
};

enum class SocketOperation : uint8_t { kConnect, kAccept, kBind, kListen };

struct SocketRecord {
  uint64_t time_ns = 0;
  Actor actor;
  SocketOperation operation = SocketOperation::kConnect;
  Address local;
  Address peer;
  uint64_t socket_cookie = 0;
  HopId peer_hop_id = 0;
  ProcessKey peer_process;
  int32_t result = 0;
  uint16_t socket_type = 0;
  uint16_t protocol = 0;
  uint32_t backlog = 0;
  Text unix_path;
};

struct VerdictRecord {
  uint64_t time_ns = 0;
  Actor actor;
  uint64_t generation = 0;
  uint32_t rule = 0;
  Action action = Action::kNone;
  Mode mode = Mode::kNone;
  Stage stage = Stage::kNone;
  bool applied = false;
  int32_t error = 0;
  uint32_t access = 0;  // of a file: 1 read, 2 write, 4 another name; 0: not of a file
  Address peer;
  Text subject;
  std::vector<std::string> argv;
  bool argv_truncated = false;
};

enum class TamperReason : uint8_t {
  kNone = 0,
  kForged = 1,
  kReplayed = 2,
  kStale = 3,
  kForeign = 4,
  kMalformed = 5,
};

// See struct nestor_tamper in bpf/abi.h for each field.
struct TamperRecord {
  uint64_t time_ns = 0;
  Address local;
  Address peer;
  HopId claimed_hop_id = 0;
  uint32_t claimed_pid = 0;
  uint32_t node = 0;  // NodeId of the peer's name
  CgroupId container_cgroup_id = 0;
  TamperReason reason = TamperReason::kNone;
  bool answer = false;  // of a server, not on a client's SYN
};

// What of nestor's own somebody tried to get at.
enum class Guarded : uint8_t {
  kNone = 0,
  kMap = 1,
  kProgram = 2,
  kLink = 3,
  kFile = 4,
  kMount = 5,
  kProcess = 6,
};

// See struct nestor_guard in bpf/abi.h for each field.
struct GuardRecord {
  uint64_t time_ns = 0;
  Actor actor;
  Guarded target = Guarded::kNone;
  uint64_t number = 0;  // id, inode number or tgid
  uint32_t signal = 0;  // process: 0 is another way than a signal
  bool applied = false;
  std::string name;  // of a file: its last part
};

struct CgroupRecord {
  uint64_t time_ns = 0;
  CgroupId id = 0;
  bool removed = false;
  std::string name;  // leaf directory name
};

using Record = std::variant<HopRecord, ExecRecord, ExitRecord, SocketRecord, VerdictRecord,
                            CgroupRecord, TamperRecord, GuardRecord>;

// What was lost, where, since the last such report. `where` is a stable word: "ring-control",
// "argv-read".
struct LossRecord {
  uint64_t time_ns = 0;
  std::string where;
  uint64_t count = 0;  // since the last report
  uint64_t total = 0;  // since nestord started
};

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_RECORD_H_
