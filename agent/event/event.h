// SPDX-License-Identifier: Apache-2.0
// The enriched event: what leaves the chain stage and, once masked, the pipeline. Field for field
// proto/nestor/v1/event.proto.
#ifndef NESTOR_AGENT_EVENT_EVENT_H_
#define NESTOR_AGENT_EVENT_EVENT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/event/boxed.h"
#include "agent/event/process_key.h"
#include "agent/event/record.h"
#include "agent/event/vocabulary.h"

namespace nestor {

// A container of a pod. Empty strings: not a pod, or the name is not known yet (`pending`).
struct Workload {
  std::string namespace_name;
  std::string pod;
  std::string pod_uid;
  std::string container;
  std::string container_id;
  std::string image;
  bool sandbox = false;  // the pod's pause container
  bool pending = false;  // names are being asked for; a workload event follows

  bool host() const { return container_id.empty(); }
  bool operator==(const Workload&) const = default;
};

struct ProcessInfo {
  ProcessKey key;
  std::string exe;
  std::vector<std::string> argv;
  std::string cwd;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t auid = 0xffffffff;
  std::string tty;  // "pts/3"; empty: none
  bool argv_truncated = false;
  bool pre_existing = false;
  std::string agent;         // the known agent that it is ("claude"); empty: none
  uint32_t agent_depth = 0;  // 1: an agent; 2: one that runs below another; 0: none
  uint32_t argc = 0;         // of the whole argv, also where it was cut; 0: not known
  uint32_t argv_bytes = 0;   // the same, with the NULs
};

// Sets the sizes of an argv that is whole.
void CountArguments(ProcessInfo& info);

// Another process that an event names: its own events tell the rest.
struct ProcessReference {
  ProcessKey key;
  std::string exe;
};

struct HopEnd {
  ProcessInfo process;
  Workload workload;
  std::string address;  // "10.0.3.7:51544" or the unix path
};

// The other side of a tcp-remote hop.
struct RemoteInfo {
  std::string node;
  HopId hop_id = 0;
  uint32_t pid = 0;  // in that node's root pid namespace
};

// Who logged in, as the ssh server says it.
struct LoginInfo {
  std::string user;
  std::string method;       // "publickey", "password"; empty: the server does not tell
  std::string key;          // "ssh-ed25519 SHA256:..."; of a certificate, its own key's
  std::string certificate;  // "alice@corp (serial 7)"; empty: none
};

struct HopInfo {
  HopId id = 0;
  HopId parent_id = 0;
  HopKind kind = HopKind::kNone;
  HopEnd from;
  HopEnd to;
  std::string evidence;           // "accepted tcp 10.0.3.7:51544 -> 10.0.3.8:22"
  std::string detail;             // by kind: "uid 1000 -> 0", "mnt net", "ptrace", "terminal"
  std::vector<HopId> candidates;  // ambiguous: it came through one of these
  Boxed<RemoteInfo> remote;       // tcp-remote
  Boxed<LoginInfo> login;         // ssh-login, once the session's first program has started
};

struct SocketInfo {
  std::string family;  // inet, inet6, unix
  std::string local;
  std::string peer;
  std::string type;  // stream, dgram, seqpacket
  int32_t result = 0;
  std::optional<ProcessReference> peer_process;
  HopId peer_hop_id = 0;
};

struct ExitInfo {
  uint32_t code = 0;
  uint32_t signal = 0;
  bool core_dumped = false;
  uint64_t run_ns = 0;
};

struct FileInfo {
  std::string path;
  std::string access;  // read, write, read write, link
};

struct VerdictInfo {
  std::string rule;
  std::string policy;
  Mode mode = Mode::kNone;
  Action action = Action::kNone;
  Stage stage = Stage::kNone;
  bool applied = false;
  uint64_t generation = 0;
  std::string message;  // the rule's own words
  std::string subject;  // path or address that was judged, or an act in words (act.h)
  std::vector<std::string> argv;
  std::string error;     // why a denial could not be applied
  std::string severity;  // the rule's; empty: it says none
  std::vector<std::string> tags;
  bool subject_truncated = false;  // its end is missing
  bool argv_truncated = false;
};

struct LossInfo {
  std::string where;
  uint64_t count = 0;
  uint64_t total = 0;
  std::string events;  // of event-log: which class of events is not kept; empty: not known
};

// Somebody tried to make a chain look like another one, or to get at nestor itself.
struct TamperInfo {
  std::string what;    // "option-forged", "option-replayed", ...; "guard-map", "guard-process", ...
  std::string detail;  // a sentence
  std::string node;    // the peer whose address it came from; empty: none, or unnamed
  HopId claimed_hop_id = 0;
  uint32_t claimed_pid = 0;
};

// What nestord signs once in an interval: that it was there, and which events it numbered since.
// The signed bytes are in proto/nestor/v1/event.proto. Texts are in order: none is masked or
// mended.
struct HeartbeatInfo {
  std::string node;
  std::string boot_id;
  uint64_t instance = 0;     // CLOCK_BOOTTIME of nestord's start, ns
  uint64_t number = 0;       // from 1 in each instance
  uint64_t first_seq = 0;    // the first event since the last heartbeat
  uint64_t last_seq = 0;     // the heartbeat's own
  uint64_t losses = 0;       // of all places, since the counting began
  uint64_t interval_ns = 0;  // the next one is due after it
  uint64_t boot_ns = 0;      // CLOCK_BOOTTIME
  uint64_t time_ns = 0;      // CLOCK_REALTIME
  bool final = false;        // nestord ends on purpose
  std::string previous;      // SHA-256 of what the one before, or the gap, signed: 64 hex digits
  std::string key_id;        // of the key that signed: 64 hex digits
  std::string signature;     // Ed25519: 64 bytes
  bool operator==(const HeartbeatInfo&) const = default;
};

// What a start of nestord knows of the time before it, signed. `earlier`, `ending` and `kernel` are
// words of agent/beat/gap.h.
struct GapInfo {
  std::string node;
  std::string boot_id;
  uint64_t instance = 0;
  uint64_t boot_ns = 0;
  uint64_t time_ns = 0;
  std::string earlier;           // whether the last heartbeat was found; unless "known", the fields
                                 // called previous_ are empty
  std::string previous_boot_id;  // of the last heartbeat, as the next five
  uint64_t previous_instance = 0;
  uint64_t previous_number = 0;
  uint64_t previous_seq = 0;
  uint64_t previous_boot_ns = 0;
  uint64_t previous_time_ns = 0;
  bool same_boot = false;
  std::string ending;     // how the previous instance ended
  std::string kernel;     // whether rules and programs were in force meanwhile
  uint64_t losses = 0;    // that the kernel counted and nobody has told
  std::string previous;   // SHA-256 of what the last heartbeat signed; empty: none
  std::string key_id;     // as in HeartbeatInfo
  std::string signature;  // as in HeartbeatInfo
  bool operator==(const GapInfo&) const = default;
};

struct Event {
  uint64_t seq = 0;      // contiguous from 1 for one nestord start
  uint64_t time_ns = 0;  // CLOCK_REALTIME, ns since the epoch
  uint64_t boot_ns = 0;  // CLOCK_BOOTTIME
  EventType type = EventType::kLoss;
  HopId chain_id = 0;
  HopId hop_id = 0;
  HopId cause_hop_id = 0;  // the request this thread was serving; 0: none
  uint32_t depth = 0;
  HopKind origin = HopKind::kNone;
  Confidence confidence = Confidence::kUnknown;
  ProcessInfo process;
  ProcessReference parent;
  Workload workload;
  Boxed<HopInfo> hop;              // hop
  std::optional<ExitInfo> exit;    // exit
  Boxed<SocketInfo> socket;        // connect, accept, bind, listen
  Boxed<FileInfo> file;            // file, and verdict on an open
  Boxed<VerdictInfo> verdict;      // verdict
  Boxed<LossInfo> loss;            // loss
  Boxed<TamperInfo> tamper;        // tamper
  Boxed<HeartbeatInfo> heartbeat;  // heartbeat
  Boxed<GapInfo> gap;              // gap
};

// One live or recently ended chain, as `nestorctl chains` shows it.
struct ChainProcess {
  ProcessInfo process;
  ProcessKey parent;
  HopId hop_id = 0;
  Workload workload;
  uint64_t start_time_ns = 0;  // CLOCK_REALTIME
  bool alive = true;
  std::optional<ExitInfo> exit;
  std::vector<VerdictInfo> verdicts;
};

// One agent, as `nestorctl agents` shows it: a process whose program is known as one.
struct AgentInfo {
  ProcessInfo process;  // with its name and depth
  Workload workload;
  HopId chain_id = 0;
  HopId hop_id = 0;
  uint64_t start_time_ns = 0;  // CLOCK_REALTIME
  uint64_t end_time_ns = 0;    // 0 while it is alive
  bool alive = true;
  std::optional<ExitInfo> exit;
  ProcessReference started_by;  // its parent; of a hop's first process, who led here
  std::string above;            // the agent that it runs below; empty: none
  ProcessKey above_process;
};

struct ChainHop {
  HopInfo hop;
  uint32_t depth = 0;
  Confidence confidence = Confidence::kUnknown;
  uint64_t time_ns = 0;  // CLOCK_REALTIME of the crossing
  bool alive = true;     // a process lives in it or below it
};

struct ChainInfo {
  HopId id = 0;
  HopKind origin = HopKind::kNone;
  Workload workload;  // where it began
  uint64_t time_ns = 0;
  bool alive = true;
  std::vector<ChainHop> hops;           // parents before children
  std::vector<ChainProcess> processes;  // in order of start
};

// The text of an id, in place.
class IdText {
 public:
  // As it stands in JSON and on the command line: 16 hex digits; "" for 0.
  static IdText Of(HopId id);
  // As it stands in JSON: "<start_ns hex>-<tgid>"; "" when unknown.
  static IdText Of(ProcessKey key);

  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_;  // the longest: 16 hex digits, '-', 10 digits
  size_t size_ = 0;
};

// The same as strings.
std::string HopIdToString(HopId id);
std::string ProcessIdToString(ProcessKey key);

}  // namespace nestor

#endif  // NESTOR_AGENT_EVENT_EVENT_H_
