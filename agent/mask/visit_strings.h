// SPDX-License-Identifier: Apache-2.0
// Every string of an event or a chain, by construction: each struct is taken apart by a structured
// binding that names all of its fields, so a new field does not compile until it is listed here.
#ifndef NESTOR_AGENT_MASK_VISIT_STRINGS_H_
#define NESTOR_AGENT_MASK_VISIT_STRINGS_H_

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "agent/event/event.h"

namespace nestor {

// Calls visitor.Text(std::string&) for single strings and visitor.Argv(std::vector<std::string>&)
// for argument lists.
template <typename Visitor>
class StringVisit {
 public:
  explicit StringVisit(Visitor& visitor) : visitor_(visitor) {}

  template <typename... Fields>
  void All(Fields&... fields) {
    (One(fields), ...);
  }

 private:
  template <typename T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void One(T&) {}
  void One(std::string& text) {
    if (!text.empty()) visitor_.Text(text);
  }
  void One(std::vector<std::string>& argv) {
    if (!argv.empty()) visitor_.Argv(argv);
  }
  template <typename T>
  void One(std::optional<T>& value) {
    if (value) One(*value);
  }
  template <typename T>
  void One(Boxed<T>& value) {
    if (value) One(*value);
  }
  template <typename T>
  void One(std::vector<T>& list) {
    for (T& item : list) One(item);
  }

  void One(ProcessKey& key) {
    auto& [start_ns, tgid] = key;
    All(start_ns, tgid);
  }
  void One(Workload& workload) {
    auto& [name, pod, pod_uid, container, container_id, image, sandbox, pending] = workload;
    All(name, pod, pod_uid, container, container_id, image, sandbox, pending);
  }
  void One(ProcessInfo& process) {
    auto& [key, exe, argv, cwd, uid, gid, auid, tty, truncated, pre_existing, agent, agent_depth,
           argc, argv_bytes] = process;
    All(key, exe, argv, cwd, uid, gid, auid, tty, truncated, pre_existing, agent, agent_depth, argc,
        argv_bytes);
  }
  void One(ProcessReference& process) {
    auto& [key, exe] = process;
    All(key, exe);
  }
  void One(HopEnd& end) {
    auto& [process, workload, address] = end;
    All(process, workload, address);
  }
  void One(HopInfo& hop) {
    auto& [id, parent_id, kind, from, to, evidence, detail, candidates, remote, login] = hop;
    All(id, parent_id, kind, from, to, evidence, detail, candidates, remote, login);
  }
  void One(LoginInfo& login) {
    auto& [user, method, key, certificate] = login;
    All(user, method, key, certificate);
  }
  void One(RemoteInfo& remote) {
    auto& [node, hop_id, pid] = remote;
    All(node, hop_id, pid);
  }
  void One(SocketInfo& socket) {
    auto& [family, local, peer, type, result, peer_process, peer_hop_id] = socket;
    All(family, local, peer, type, result, peer_process, peer_hop_id);
  }
  void One(ExitInfo& exit) {
    auto& [code, signal, core_dumped, run_ns] = exit;
    All(code, signal, core_dumped, run_ns);
  }
  void One(FileInfo& file) {
    auto& [path, access] = file;
    All(path, access);
  }
  void One(VerdictInfo& verdict) {
    auto& [rule, policy, mode, action, stage, applied, generation, message, subject, argv, error,
           severity, tags, subject_truncated, argv_truncated] = verdict;
    All(rule, policy, mode, action, stage, applied, generation, message, subject, argv, error,
        severity, tags);
  }
  void One(LossInfo& loss) {
    auto& [where, count, total, events] = loss;
    All(where, count, total, events);
  }
  void One(TamperInfo& tamper) {
    auto& [what, detail, node, claimed_hop_id, claimed_pid] = tamper;
    All(what, detail, node, claimed_hop_id, claimed_pid);
  }
  // No string of a pod is in these two, and a signature would not hold over masked ones.
  void One(HeartbeatInfo&) {}
  void One(GapInfo&) {}
  void One(ChainHop& chain_hop) {
    auto& [hop, depth, confidence, time_ns, alive] = chain_hop;
    All(hop, depth, confidence, time_ns, alive);
  }
  void One(ChainProcess& chain_process) {
    auto& [process, parent, hop_id, workload, start, alive, exit, verdicts] = chain_process;
    All(process, parent, hop_id, workload, start, alive, exit, verdicts);
  }

  Visitor& visitor_;
};

template <typename Visitor>
void VisitStrings(Event& event, Visitor& visitor) {
  auto& [seq, time_ns, boot_ns, type, chain_id, hop_id, cause_hop_id, depth, origin, confidence,
         process, parent, workload, hop, exit, socket, file, verdict, loss, tamper, heartbeat,
         gap] = event;
  StringVisit<Visitor>(visitor).All(seq, time_ns, boot_ns, type, chain_id, hop_id, cause_hop_id,
                                    depth, origin, confidence, process, parent, workload, hop, exit,
                                    socket, file, verdict, loss, tamper, heartbeat, gap);
}

template <typename Visitor>
void VisitStrings(ChainInfo& chain, Visitor& visitor) {
  auto& [id, origin, workload, time_ns, alive, hops, processes] = chain;
  StringVisit<Visitor>(visitor).All(id, origin, workload, time_ns, alive, hops, processes);
}

template <typename Visitor>
void VisitStrings(AgentInfo& agent, Visitor& visitor) {
  auto& [process, workload, chain_id, hop_id, start, end, alive, exit, started_by, above,
         above_process] = agent;
  StringVisit<Visitor>(visitor).All(process, workload, chain_id, hop_id, start, end, alive, exit,
                                    started_by, above, above_process);
}

}  // namespace nestor

#endif  // NESTOR_AGENT_MASK_VISIT_STRINGS_H_
