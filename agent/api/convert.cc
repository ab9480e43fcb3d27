// SPDX-License-Identifier: Apache-2.0
// Each struct is taken apart by a structured binding that names all of its fields: a field that is
// added later does not compile here until it is bound, and -Wunused speaks up until it is sent.
#include "agent/api/convert.h"

#include <google/protobuf/timestamp.pb.h>
#include <time.h>

#include <string_view>

#include "agent/api/utf8.h"

namespace nestor {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

void Put(uint64_t time_ns, google::protobuf::Timestamp* out) {
  out->set_seconds(static_cast<int64_t>(time_ns / kSecondNs));
  out->set_nanos(static_cast<int32_t>(time_ns % kSecondNs));
}

void Put(std::string_view text, std::string* out) {
  if (IsUtf8(text)) {
    out->assign(text);
  } else {
    *out = ToUtf8(text);
  }
}

void Put(const std::vector<std::string>& list,
         google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const std::string& text : list) Put(text, out->Add());
}

void Put(const std::vector<std::pair<std::string, uint64_t>>& counters,
         google::protobuf::RepeatedPtrField<v1::Counter>* out) {
  for (const auto& [name, value] : counters) {
    v1::Counter* counter = out->Add();
    Put(name, counter->mutable_name());
    counter->set_value(value);
  }
}

std::string Word(auto value) { return std::string(Name(value)); }

void Put(const ProcessInfo& info, v1::Process* out) {
  const auto& [key, exe, argv, cwd, uid, gid, auid, tty, argv_truncated, pre_existing] = info;
  out->set_id(ProcessIdToString(key));
  out->set_pid(key.tgid);
  out->set_start_ns(key.start_ns);
  Put(exe, out->mutable_exe());
  Put(argv, out->mutable_argv());
  Put(cwd, out->mutable_cwd());
  out->set_uid(uid);
  out->set_gid(gid);
  out->set_auid(auid);
  Put(tty, out->mutable_tty());
  out->set_argv_truncated(argv_truncated);
  out->set_pre_existing(pre_existing);
}

void PutReference(const ProcessInfo& info, v1::ProcessRef* out) {
  out->set_id(ProcessIdToString(info.key));
  out->set_pid(info.key.tgid);
  Put(info.exe, out->mutable_exe());
}

void Put(const Workload& workload, v1::Workload* out) {
  const auto& [namespace_name, pod, pod_uid, container, container_id, image, sandbox, pending] =
      workload;
  Put(namespace_name, out->mutable_namespace_());
  Put(pod, out->mutable_pod());
  Put(pod_uid, out->mutable_pod_uid());
  Put(container, out->mutable_container());
  Put(container_id, out->mutable_container_id());
  Put(image, out->mutable_image());
  out->set_sandbox(sandbox);
  out->set_pending(pending);
}

// A process of the host is in no workload: then the field is absent, not empty.
template <typename Message>
void PutWorkload(const Workload& workload, Message* out) {
  const auto& [namespace_name, pod, pod_uid, container, container_id, image, sandbox, pending] =
      workload;
  const bool none = namespace_name.empty() && pod.empty() && pod_uid.empty() && container.empty() &&
                    container_id.empty() && image.empty() && !sandbox && !pending;
  if (!none) Put(workload, out->mutable_workload());
}

void Put(const HopEnd& end, v1::HopEnd* out) {
  const auto& [process, workload, address] = end;
  if (process.key.known()) Put(process, out->mutable_process());
  PutWorkload(workload, out);
  Put(address, out->mutable_address());
}

// v1::Hop, or v1::ChainHop, which has the same fields and more.
template <typename Message>
void Put(const HopInfo& hop, Message* out) {
  const auto& [id, parent_id, kind, from, to, evidence] = hop;
  out->set_id(HopIdToString(id));
  out->set_parent_id(HopIdToString(parent_id));
  out->set_kind(Word(kind));
  Put(from, out->mutable_from());
  Put(to, out->mutable_to());
  Put(evidence, out->mutable_evidence());
}

void Put(const ExitInfo& exit, v1::Exit* out) {
  const auto& [code, signal, core_dumped, run_ns] = exit;
  out->set_code(code);
  out->set_signal(signal);
  out->set_core_dumped(core_dumped);
  out->set_run_ns(run_ns);
}

void Put(const SocketInfo& socket, v1::Socket* out) {
  const auto& [family, local, peer, type, result, peer_process, peer_hop_id] = socket;
  Put(family, out->mutable_family());
  Put(local, out->mutable_local());
  Put(peer, out->mutable_peer());
  Put(type, out->mutable_type());
  out->set_result(result);
  if (peer_process) PutReference(*peer_process, out->mutable_peer_process());
  out->set_peer_hop_id(HopIdToString(peer_hop_id));
}

void Put(const FileInfo& file, v1::File* out) {
  const auto& [path, access] = file;
  Put(path, out->mutable_path());
  Put(access, out->mutable_access());
}

void Put(const VerdictInfo& verdict, v1::Verdict* out) {
  const auto& [rule, policy, mode, action, stage, applied, generation, message, subject, argv,
               error] = verdict;
  Put(rule, out->mutable_rule());
  Put(policy, out->mutable_policy());
  out->set_mode(Word(mode));
  out->set_action(Word(action));
  out->set_stage(Word(stage));
  out->set_applied(applied);
  out->set_generation(generation);
  Put(message, out->mutable_message());
  Put(subject, out->mutable_subject());
  Put(argv, out->mutable_argv());
  Put(error, out->mutable_error());
}

void Put(const LossInfo& loss, v1::Loss* out) {
  const auto& [where, count, total] = loss;
  Put(where, out->mutable_where());
  out->set_count(count);
  out->set_total(total);
}

void Put(const NodeIdentity& identity, v1::Event* out) {
  const auto& [node, boot_id] = identity;
  Put(node, out->mutable_node());
  Put(boot_id, out->mutable_boot_id());
}

void Put(const ChainHop& chain_hop, v1::ChainHop* out) {
  const auto& [hop, depth, confidence, time_ns, alive] = chain_hop;
  Put(hop, out);
  out->set_depth(depth);
  out->set_confidence(Word(confidence));
  Put(time_ns, out->mutable_time());
  out->set_alive(alive);
}

void Put(const ChainProcess& chain_process, v1::ChainProcess* out) {
  const auto& [process, parent, hop_id, workload, start_time_ns, alive, exit, verdicts] =
      chain_process;
  Put(process, out->mutable_process());
  out->set_parent_id(ProcessIdToString(parent));
  out->set_hop_id(HopIdToString(hop_id));
  PutWorkload(workload, out);
  Put(start_time_ns, out->mutable_time());
  out->set_alive(alive);
  if (exit) Put(*exit, out->mutable_exit());
  for (const VerdictInfo& verdict : verdicts) Put(verdict, out->add_verdicts());
}

void Put(const ChainInfo& chain, v1::Chain* out) {
  const auto& [id, origin, workload, time_ns, alive, hops, processes] = chain;
  out->set_id(HopIdToString(id));
  out->set_origin(Word(origin));
  PutWorkload(workload, out);
  Put(time_ns, out->mutable_time());
  out->set_alive(alive);
  for (const ChainHop& hop : hops) Put(hop, out->add_hops());
  for (const ChainProcess& process : processes) Put(process, out->add_processes());
}

void Put(const Capability& capability, v1::Capability* out) {
  const auto& [name, available, required, detail, effect, fix] = capability;
  Put(name, out->mutable_name());
  out->set_available(available);
  out->set_required(required);
  Put(detail, out->mutable_detail());
  Put(effect, out->mutable_effect());
  Put(fix, out->mutable_fix());
}

void Put(const LoadedPolicyInfo& policy, v1::LoadedPolicy* out) {
  const auto& [name, file, mode, rules, unenforceable] = policy;
  Put(name, out->mutable_name());
  Put(file, out->mutable_file());
  Put(mode, out->mutable_mode());
  out->set_rules(rules);
  Put(unenforceable, out->mutable_unenforceable());
}

uint64_t ClockNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecondNs + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

void ToProto(const Masked<Event>& event, const NodeIdentity& identity, v1::Event* out) {
  const auto& [seq, time_ns, boot_ns, type, chain_id, hop_id, cause_hop_id, depth, origin,
               confidence, process, parent, workload, hop, exit, socket, file, verdict, loss] =
      *event;
  out->set_seq(seq);
  Put(time_ns, out->mutable_time());
  out->set_boot_ns(boot_ns);
  out->set_type(Word(type));
  out->set_chain_id(HopIdToString(chain_id));
  out->set_hop_id(HopIdToString(hop_id));
  out->set_cause_hop_id(HopIdToString(cause_hop_id));
  out->set_depth(depth);
  out->set_origin(Word(origin));
  out->set_confidence(Word(confidence));
  // A loss has no process: absent says so.
  if (process.key.known()) Put(process, out->mutable_process());
  if (parent.key.known()) PutReference(parent, out->mutable_parent());
  PutWorkload(workload, out);
  if (hop) Put(*hop, out->mutable_hop());
  if (exit) Put(*exit, out->mutable_exit());
  if (socket) Put(*socket, out->mutable_socket());
  if (file) Put(*file, out->mutable_file());
  if (verdict) Put(*verdict, out->mutable_verdict());
  if (loss) Put(*loss, out->mutable_loss());
  Put(identity, out);
}

void ToProto(const Masked<ChainInfo>& chain, v1::Chain* out) { Put(*chain, out); }

void ToProto(const Masked<std::vector<ChainInfo>>& chains, size_t index, v1::Chain* out) {
  Put(chains->at(index), out);
}

void ToProto(const NodeStatus& status, v1::Status* out) {
  const auto& [ready, node, boot_id, started_ns, kernel_release, scope, last_seq, live_processes,
               live_chains, resident_bytes, policy_generation, capabilities, policies, losses,
               counters, warnings] = status;
  out->set_ready(ready);
  out->set_version(NESTOR_VERSION);
  Put(node, out->mutable_node());
  Put(boot_id, out->mutable_boot_id());
  Put(started_ns, out->mutable_started());
  Put(kernel_release, out->mutable_kernel_release());
  Put(scope, out->mutable_scope());
  out->set_last_seq(last_seq);
  out->set_live_processes(live_processes);
  out->set_live_chains(live_chains);
  out->set_resident_bytes(resident_bytes);
  out->set_policy_generation(policy_generation);
  for (const Capability& capability : capabilities) Put(capability, out->add_capabilities());
  for (const LoadedPolicyInfo& policy : policies) Put(policy, out->add_policies());
  Put(losses, out->mutable_losses());
  Put(counters, out->mutable_counters());
  Put(warnings, out->mutable_warnings());
}

void MissedToProto(uint64_t count, uint64_t total, const NodeIdentity& identity, v1::Event* out) {
  Put(ClockNs(CLOCK_REALTIME), out->mutable_time());
  out->set_boot_ns(ClockNs(CLOCK_BOOTTIME));
  out->set_type(Word(EventType::kLoss));
  Put(LossInfo{.where = "event-log", .count = count, .total = total}, out->mutable_loss());
  Put(identity, out);
}

}  // namespace nestor
