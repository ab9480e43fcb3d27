// SPDX-License-Identifier: Apache-2.0
// Each struct is taken apart by a structured binding that names all of its fields: a field that is
// added later does not compile here until it is bound, and -Wunused speaks up until it is sent.
#include "agent/api/convert.h"

#include <google/protobuf/timestamp.pb.h>
#include <time.h>

#include <cstdlib>
#include <string_view>

#include "agent/api/utf8.h"

namespace nestor {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

// ---- events and chains ----

void Put(int field, uint64_t time_ns, WireWriter& out) {
  using M = google::protobuf::Timestamp;
  out.Message(field, [&] {
    out.Number(M::kSecondsFieldNumber, time_ns / kSecondNs);
    out.Number(M::kNanosFieldNumber, time_ns % kSecondNs);
  });
}

void Put(int field, const std::vector<std::string>& list, WireWriter& out) {
  for (const std::string& text : list) out.Item(field, text);
}

void Put(const ProcessInfo& info, WireWriter& out) {
  using M = v1::Process;
  const auto& [key, exe, argv, cwd, uid, gid, auid, tty, argv_truncated, pre_existing, agent,
               agent_depth, argc, argv_bytes] = info;
  out.Text(M::kIdFieldNumber, IdText::Of(key).view());
  out.Number(M::kPidFieldNumber, key.tgid);
  out.Number(M::kStartNsFieldNumber, key.start_ns);
  out.Text(M::kExeFieldNumber, exe);
  Put(M::kArgvFieldNumber, argv, out);
  out.Text(M::kCwdFieldNumber, cwd);
  out.Number(M::kUidFieldNumber, uid);
  out.Number(M::kGidFieldNumber, gid);
  out.Number(M::kAuidFieldNumber, auid);
  out.Text(M::kTtyFieldNumber, tty);
  out.Number(M::kArgvTruncatedFieldNumber, argv_truncated);
  out.Number(M::kPreExistingFieldNumber, pre_existing);
  out.Text(M::kAgentFieldNumber, agent);
  out.Number(M::kAgentDepthFieldNumber, agent_depth);
  out.Number(M::kArgcFieldNumber, argc);
  out.Number(M::kArgvBytesFieldNumber, argv_bytes);
}

void Put(const ProcessReference& process, WireWriter& out) {
  using M = v1::ProcessRef;
  const auto& [key, exe] = process;
  out.Text(M::kIdFieldNumber, IdText::Of(key).view());
  out.Number(M::kPidFieldNumber, key.tgid);
  out.Text(M::kExeFieldNumber, exe);
}

// A process of the host is in no workload: then the field is absent, not empty.
void PutWorkload(int field, const Workload& workload, WireWriter& out) {
  using M = v1::Workload;
  const auto& [namespace_name, pod, pod_uid, container, container_id, image, sandbox, pending] =
      workload;
  const bool none = namespace_name.empty() && pod.empty() && pod_uid.empty() && container.empty() &&
                    container_id.empty() && image.empty() && !sandbox && !pending;
  if (none) return;
  out.Message(field, [&] {
    out.Text(M::kNamespaceFieldNumber, namespace_name);
    out.Text(M::kPodFieldNumber, pod);
    out.Text(M::kContainerFieldNumber, container);
    out.Text(M::kContainerIdFieldNumber, container_id);
    out.Text(M::kPodUidFieldNumber, pod_uid);
    out.Text(M::kImageFieldNumber, image);
    out.Number(M::kSandboxFieldNumber, sandbox);
    out.Number(M::kPendingFieldNumber, pending);
  });
}

void Put(const HopEnd& end, WireWriter& out) {
  using M = v1::HopEnd;
  const auto& [process, workload, address] = end;
  if (process.key.known()) out.Message(M::kProcessFieldNumber, [&] { Put(process, out); });
  PutWorkload(M::kWorkloadFieldNumber, workload, out);
  out.Text(M::kAddressFieldNumber, address);
}

void Put(const RemoteInfo& remote, WireWriter& out) {
  using M = v1::Remote;
  const auto& [node, hop_id, pid] = remote;
  out.Text(M::kNodeFieldNumber, node);
  out.Text(M::kHopIdFieldNumber, IdText::Of(hop_id).view());
  out.Number(M::kPidFieldNumber, pid);
}

void Put(const LoginInfo& login, WireWriter& out) {
  using M = v1::Login;
  const auto& [user, method, key, certificate] = login;
  out.Text(M::kUserFieldNumber, user);
  out.Text(M::kMethodFieldNumber, method);
  out.Text(M::kKeyFieldNumber, key);
  out.Text(M::kCertificateFieldNumber, certificate);
}

// M: v1::Hop, or v1::ChainHop, which has the same fields and more.
template <typename M>
void Put(const HopInfo& hop, WireWriter& out) {
  const auto& [id, parent_id, kind, from, to, evidence, detail, candidates, remote, login] = hop;
  out.Text(M::kIdFieldNumber, IdText::Of(id).view());
  out.Text(M::kParentIdFieldNumber, IdText::Of(parent_id).view());
  out.Text(M::kKindFieldNumber, Name(kind));
  out.Message(M::kFromFieldNumber, [&] { Put(hop.from, out); });
  out.Message(M::kToFieldNumber, [&] { Put(hop.to, out); });
  out.Text(M::kEvidenceFieldNumber, evidence);
  out.Text(M::kDetailFieldNumber, detail);
  for (const HopId candidate : candidates) {
    out.Item(M::kCandidateIdsFieldNumber, IdText::Of(candidate).view());
  }
  if (remote) out.Message(M::kRemoteFieldNumber, [&] { Put(*hop.remote, out); });
  if (login) out.Message(M::kLoginFieldNumber, [&] { Put(*hop.login, out); });
}

void Put(const ExitInfo& exit, WireWriter& out) {
  using M = v1::Exit;
  const auto& [code, signal, core_dumped, run_ns] = exit;
  out.Number(M::kCodeFieldNumber, code);
  out.Number(M::kSignalFieldNumber, signal);
  out.Number(M::kCoreDumpedFieldNumber, core_dumped);
  out.Number(M::kRunNsFieldNumber, run_ns);
}

void Put(const SocketInfo& socket, WireWriter& out) {
  using M = v1::Socket;
  const auto& [family, local, peer, type, result, peer_process, peer_hop_id] = socket;
  out.Text(M::kFamilyFieldNumber, family);
  out.Text(M::kLocalFieldNumber, local);
  out.Text(M::kPeerFieldNumber, peer);
  out.Text(M::kTypeFieldNumber, type);
  out.Number(M::kResultFieldNumber, static_cast<uint64_t>(int64_t{result}));
  if (peer_process) {
    out.Message(M::kPeerProcessFieldNumber, [&] { Put(*socket.peer_process, out); });
  }
  out.Text(M::kPeerHopIdFieldNumber, IdText::Of(peer_hop_id).view());
}

void Put(const FileInfo& file, WireWriter& out) {
  using M = v1::File;
  const auto& [path, access] = file;
  out.Text(M::kPathFieldNumber, path);
  out.Text(M::kAccessFieldNumber, access);
}

void Put(const VerdictInfo& verdict, WireWriter& out) {
  using M = v1::Verdict;
  const auto& [rule, policy, mode, action, stage, applied, generation, message, subject, argv,
               error, severity, tags, subject_truncated, argv_truncated] = verdict;
  out.Text(M::kRuleFieldNumber, rule);
  out.Text(M::kPolicyFieldNumber, policy);
  out.Text(M::kModeFieldNumber, Name(mode));
  out.Text(M::kActionFieldNumber, Name(action));
  out.Number(M::kAppliedFieldNumber, applied);
  out.Text(M::kStageFieldNumber, Name(stage));
  out.Number(M::kGenerationFieldNumber, generation);
  out.Text(M::kMessageFieldNumber, message);
  out.Text(M::kSubjectFieldNumber, subject);
  Put(M::kArgvFieldNumber, argv, out);
  out.Text(M::kErrorFieldNumber, error);
  out.Text(M::kSeverityFieldNumber, severity);
  Put(M::kTagsFieldNumber, tags, out);
  out.Number(M::kSubjectTruncatedFieldNumber, subject_truncated);
  out.Number(M::kArgvTruncatedFieldNumber, argv_truncated);
}

void Put(const LossInfo& loss, WireWriter& out) {
  using M = v1::Loss;
  const auto& [where, count, total, events] = loss;
  out.Text(M::kWhereFieldNumber, where);
  out.Number(M::kCountFieldNumber, count);
  out.Number(M::kTotalFieldNumber, total);
  out.Text(M::kEventsFieldNumber, events);
}

void Put(const TamperInfo& tamper, WireWriter& out) {
  using M = v1::Tamper;
  const auto& [what, detail, node, claimed_hop_id, claimed_pid] = tamper;
  out.Text(M::kWhatFieldNumber, what);
  out.Text(M::kDetailFieldNumber, detail);
  out.Text(M::kNodeFieldNumber, node);
  out.Text(M::kClaimedHopIdFieldNumber, IdText::Of(claimed_hop_id).view());
  out.Number(M::kClaimedPidFieldNumber, claimed_pid);
}

void Put(const HeartbeatInfo& beat, WireWriter& out) {
  using M = v1::Heartbeat;
  const auto& [node, boot_id, instance, number, first_seq, last_seq, losses, interval_ns, boot_ns,
               time_ns, final, previous, key_id, signature] = beat;
  out.Text(M::kNodeFieldNumber, node);
  out.Text(M::kBootIdFieldNumber, boot_id);
  out.Number(M::kInstanceFieldNumber, instance);
  out.Number(M::kNumberFieldNumber, number);
  out.Number(M::kFirstSeqFieldNumber, first_seq);
  out.Number(M::kLastSeqFieldNumber, last_seq);
  out.Number(M::kLossesFieldNumber, losses);
  out.Number(M::kIntervalNsFieldNumber, interval_ns);
  out.Number(M::kBootNsFieldNumber, boot_ns);
  out.Number(M::kTimeNsFieldNumber, time_ns);
  out.Number(M::kFinalFieldNumber, final);
  out.Text(M::kPreviousFieldNumber, previous);
  out.Text(M::kKeyIdFieldNumber, key_id);
  out.Bytes(M::kSignatureFieldNumber, signature);
}

void Put(const GapInfo& gap, WireWriter& out) {
  using M = v1::Gap;
  const auto& [node, boot_id, instance, boot_ns, time_ns, earlier, previous_boot_id,
               previous_instance, previous_number, previous_seq, previous_boot_ns, previous_time_ns,
               same_boot, ending, kernel, losses, previous, key_id, signature] = gap;
  out.Text(M::kNodeFieldNumber, node);
  out.Text(M::kBootIdFieldNumber, boot_id);
  out.Number(M::kInstanceFieldNumber, instance);
  out.Number(M::kBootNsFieldNumber, boot_ns);
  out.Number(M::kTimeNsFieldNumber, time_ns);
  out.Text(M::kEarlierFieldNumber, earlier);
  out.Text(M::kPreviousBootIdFieldNumber, previous_boot_id);
  out.Number(M::kPreviousInstanceFieldNumber, previous_instance);
  out.Number(M::kPreviousNumberFieldNumber, previous_number);
  out.Number(M::kPreviousSeqFieldNumber, previous_seq);
  out.Number(M::kPreviousBootNsFieldNumber, previous_boot_ns);
  out.Number(M::kPreviousTimeNsFieldNumber, previous_time_ns);
  out.Number(M::kSameBootFieldNumber, same_boot);
  out.Text(M::kEndingFieldNumber, ending);
  out.Text(M::kKernelFieldNumber, kernel);
  out.Number(M::kLossesFieldNumber, losses);
  out.Text(M::kPreviousFieldNumber, previous);
  out.Text(M::kKeyIdFieldNumber, key_id);
  out.Bytes(M::kSignatureFieldNumber, signature);
}

// `value`: a std::optional or a Boxed.
template <typename Holder>
void PutOptional(int field, const Holder& value, WireWriter& out) {
  if (value) out.Message(field, [&] { Put(*value, out); });
}

void Put(const ChainHop& chain_hop, WireWriter& out) {
  using M = v1::ChainHop;
  const auto& [hop, depth, confidence, time_ns, alive] = chain_hop;
  Put<M>(hop, out);
  out.Number(M::kDepthFieldNumber, depth);
  out.Text(M::kConfidenceFieldNumber, Name(confidence));
  Put(M::kTimeFieldNumber, time_ns, out);
  out.Number(M::kAliveFieldNumber, alive);
}

void Put(const ChainProcess& chain_process, WireWriter& out) {
  using M = v1::ChainProcess;
  const auto& [process, parent, hop_id, workload, start_time_ns, alive, exit, verdicts] =
      chain_process;
  out.Message(M::kProcessFieldNumber, [&] { Put(chain_process.process, out); });
  out.Text(M::kParentIdFieldNumber, IdText::Of(parent).view());
  out.Text(M::kHopIdFieldNumber, IdText::Of(hop_id).view());
  PutWorkload(M::kWorkloadFieldNumber, workload, out);
  Put(M::kTimeFieldNumber, start_time_ns, out);
  out.Number(M::kAliveFieldNumber, alive);
  PutOptional(M::kExitFieldNumber, exit, out);
  for (const VerdictInfo& verdict : verdicts) {
    out.Message(M::kVerdictsFieldNumber, [&] { Put(verdict, out); });
  }
}

void Put(const ChainInfo& chain, WireWriter& out) {
  using M = v1::Chain;
  const auto& [id, origin, workload, time_ns, alive, hops, processes] = chain;
  out.Text(M::kIdFieldNumber, IdText::Of(id).view());
  out.Text(M::kOriginFieldNumber, Name(origin));
  PutWorkload(M::kWorkloadFieldNumber, workload, out);
  Put(M::kTimeFieldNumber, time_ns, out);
  out.Number(M::kAliveFieldNumber, alive);
  for (const ChainHop& hop : hops) out.Message(M::kHopsFieldNumber, [&] { Put(hop, out); });
  for (const ChainProcess& process : processes) {
    out.Message(M::kProcessesFieldNumber, [&] { Put(process, out); });
  }
}

void Put(const AgentInfo& agent, WireWriter& out) {
  using M = v1::Agent;
  const auto& [process, workload, chain_id, hop_id, start_time_ns, end_time_ns, alive, exit,
               started_by, above, above_process] = agent;
  out.Text(M::kNameFieldNumber, process.agent);
  out.Message(M::kProcessFieldNumber, [&] { Put(agent.process, out); });
  PutWorkload(M::kWorkloadFieldNumber, workload, out);
  out.Number(M::kDepthFieldNumber, process.agent_depth);
  out.Text(M::kChainIdFieldNumber, IdText::Of(chain_id).view());
  out.Text(M::kHopIdFieldNumber, IdText::Of(hop_id).view());
  Put(M::kStartedFieldNumber, start_time_ns, out);
  if (!alive) Put(M::kEndedFieldNumber, end_time_ns, out);
  out.Number(M::kAliveFieldNumber, alive);
  PutOptional(M::kExitFieldNumber, exit, out);
  if (started_by.key.known()) {
    out.Message(M::kStartedByFieldNumber, [&] { Put(agent.started_by, out); });
  }
  out.Text(M::kAboveFieldNumber, above);
  out.Text(M::kAboveProcessIdFieldNumber, IdText::Of(above_process).view());
}

void Put(const Event& event, const NodeIdentity& identity, WireWriter& out) {
  using M = v1::Event;
  const auto& [seq, time_ns, boot_ns, type, chain_id, hop_id, cause_hop_id, depth, origin,
               confidence, process, parent, workload, hop, exit, socket, file, verdict, loss,
               tamper, heartbeat, gap] = event;
  const auto& [node, boot_id] = identity;
  out.Number(M::kSeqFieldNumber, seq);
  Put(M::kTimeFieldNumber, time_ns, out);
  out.Text(M::kTypeFieldNumber, Name(type));
  out.Text(M::kChainIdFieldNumber, IdText::Of(chain_id).view());
  out.Text(M::kHopIdFieldNumber, IdText::Of(hop_id).view());
  out.Text(M::kCauseHopIdFieldNumber, IdText::Of(cause_hop_id).view());
  out.Number(M::kDepthFieldNumber, depth);
  out.Text(M::kOriginFieldNumber, Name(origin));
  out.Text(M::kConfidenceFieldNumber, Name(confidence));
  // A loss has no process: absent says so.
  if (process.key.known()) out.Message(M::kProcessFieldNumber, [&] { Put(event.process, out); });
  if (parent.key.known()) out.Message(M::kParentFieldNumber, [&] { Put(event.parent, out); });
  PutWorkload(M::kWorkloadFieldNumber, workload, out);
  if (hop) out.Message(M::kHopFieldNumber, [&] { Put<v1::Hop>(*event.hop, out); });
  PutOptional(M::kExitFieldNumber, exit, out);
  PutOptional(M::kSocketFieldNumber, socket, out);
  PutOptional(M::kFileFieldNumber, file, out);
  PutOptional(M::kVerdictFieldNumber, verdict, out);
  PutOptional(M::kLossFieldNumber, loss, out);
  PutOptional(M::kTamperFieldNumber, tamper, out);
  PutOptional(M::kHeartbeatFieldNumber, heartbeat, out);
  PutOptional(M::kGapFieldNumber, gap, out);
  out.Number(M::kBootNsFieldNumber, boot_ns);
  out.Text(M::kNodeFieldNumber, node);
  out.Text(M::kBootIdFieldNumber, boot_id);
}

// What was just written, read back as a message.
template <typename Message>
void Parse(const WireWriter& written, Message* out) {
  const std::string_view bytes = written.bytes();
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) std::abort();
}

// ---- the status ----

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

void Put(const Capability& capability, v1::Capability* out) {
  // rule_events is for nestord itself: what it means for a policy is in LoadedPolicy.unenforceable.
  const auto& [name, available, required, detail, effect, fix, rule_events] = capability;
  Put(name, out->mutable_name());
  out->set_available(available);
  out->set_required(required);
  Put(detail, out->mutable_detail());
  Put(effect, out->mutable_effect());
  Put(fix, out->mutable_fix());
}

void Put(const RuleHits& hits, v1::RuleHits* out) {
  const auto& [verdicts, denials, would_be_denials, last_ns] = hits;
  out->set_verdicts(verdicts);
  out->set_denials(denials);
  out->set_would_be_denials(would_be_denials);
  if (last_ns != 0) Put(last_ns, out->mutable_last());
}

void Put(const LoadedRuleInfo& rule, v1::LoadedRule* out) {
  const auto& [name, kind, action, severity, tags, line, hits] = rule;
  Put(name, out->mutable_name());
  Put(kind, out->mutable_kind());
  Put(action, out->mutable_action());
  Put(severity, out->mutable_severity());
  Put(tags, out->mutable_tags());
  out->set_line(line);
  Put(hits, out->mutable_hits());
}

void Put(const LoadedPolicyInfo& policy, v1::LoadedPolicy* out) {
  const auto& [name, file, mode, rules, unenforceable, mode_line, selects, default_deny, hits,
               details] = policy;
  Put(name, out->mutable_name());
  Put(file, out->mutable_file());
  Put(mode, out->mutable_mode());
  out->set_rules(rules);
  Put(unenforceable, out->mutable_unenforceable());
  out->set_mode_line(mode_line);
  Put(selects, out->mutable_selects());
  out->set_default_deny(default_deny);
  Put(hits, out->mutable_hits());
  for (const LoadedRuleInfo& rule : details) Put(rule, out->add_details());
}

void Put(const SignerInfo& signer, v1::Signer* out) {
  // The fault is told as a capability.
  const auto& [directory, key_id, public_key, lasting, fault] = signer;
  Put(directory, out->mutable_directory());
  Put(key_id, out->mutable_key_id());
  Put(public_key, out->mutable_public_key());
  out->set_lasting(lasting);
}

uint64_t ClockNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecondNs + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

void Write(const Masked<Event>& event, const NodeIdentity& identity, WireWriter& out) {
  Put(*event, identity, out);
}

void WriteMissed(uint64_t count, uint64_t total, std::string_view events,
                 const NodeIdentity& identity, WireWriter& out) {
  Event event;
  event.type = EventType::kLoss;
  event.time_ns = ClockNs(CLOCK_REALTIME);
  event.boot_ns = ClockNs(CLOCK_BOOTTIME);
  event.loss =
      LossInfo{.where = "event-log", .count = count, .total = total, .events = std::string(events)};
  Put(event, identity, out);
}

void ToProto(const Masked<Event>& event, const NodeIdentity& identity, v1::Event* out) {
  WireWriter wire;
  Write(event, identity, wire);
  Parse(wire, out);
}

void ToProto(const Masked<ChainInfo>& chain, v1::Chain* out) {
  WireWriter wire;
  Put(*chain, wire);
  Parse(wire, out);
}

void ToProto(const Masked<std::vector<ChainInfo>>& chains, size_t index, v1::Chain* out) {
  WireWriter wire;
  Put(chains->at(index), wire);
  Parse(wire, out);
}

void ToProto(const Masked<std::vector<AgentInfo>>& agents, size_t index, v1::Agent* out) {
  WireWriter wire;
  Put(agents->at(index), wire);
  Parse(wire, out);
}

void ToProto(const NodeStatus& status, v1::Status* out) {
  const auto& [ready, node, boot_id, started_ns, kernel_release, scope, last_seq, live_processes,
               live_chains, resident_bytes, policy_generation, capabilities, policies, losses,
               counters, warnings, signer] = status;
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
  if (!signer.key_id.empty()) Put(signer, out->mutable_signer());
}

void MissedToProto(uint64_t count, uint64_t total, std::string_view events,
                   const NodeIdentity& identity, v1::Event* out) {
  WireWriter wire;
  WriteMissed(count, total, events, identity, wire);
  Parse(wire, out);
}

}  // namespace nestor
