// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/policy_maps.h"

#include <bpf/bpf.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>
#include <unordered_set>

#include "agent/policy/fingerprint.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

// A decision that began with the last but one generation must be over before its slot is written
// again. A decision takes microseconds and is not preempted for long.
constexpr auto kGrace = std::chrono::milliseconds(100);

static_assert(kMaxRules == NESTOR_MAX_RULES);
static_assert(static_cast<int>(OnTruncated::kAudit) == NESTOR_TRUNCATED_AUDIT);

nestor_rule_bits ToRaw(const RuleBits& bits) {
  nestor_rule_bits raw{};
  for (size_t rule = 0; rule < kMaxRules; ++rule) {
    if (bits[rule]) raw.word[rule / 64] |= uint64_t{1} << (rule % 64);
  }
  return raw;
}

Status Update(int fd, const void* key, const void* value, const char* what) {
  if (bpf_map_update_elem(fd, key, value, BPF_ANY) == 0) return {};
  return Error::FromErrno(std::string("write ") + what, errno);
}

int64_t MonotonicNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

nestor_rule ToRaw(const CompiledRule& rule) {
  nestor_rule raw{};
  raw.event = static_cast<uint8_t>(rule.event);
  raw.action = static_cast<uint8_t>(rule.action);
  raw.mode = static_cast<uint8_t>(rule.mode);
  raw.access = rule.access;
  raw.min_depth = rule.min_depth;
  raw.max_depth = rule.max_depth;
  raw.origin_mask = rule.origin_mask;
  raw.port_min = rule.port_min;
  raw.port_max = rule.port_max;
  raw.sees = static_cast<uint8_t>((rule.need_path ? NESTOR_SEES_PATH : 0) |
                                  (rule.need_argv ? NESTOR_SEES_ARGV : 0));
  raw.on_truncated = static_cast<uint8_t>(rule.on_truncated);
  return raw;
}

}  // namespace

// Swapped just now, for all that is known of an earlier nestord.
PolicyMaps::PolicyMaps(Fds fds, volatile uint64_t* generation, volatile uint64_t* fingerprint)
    : fds_(fds),
      generation_(generation),
      fingerprint_(fingerprint),
      loaded_(*generation),
      swapped_ns_(MonotonicNs()) {}

Status PolicyMaps::WriteDfa(uint32_t kind, uint32_t slot, const Dfa& dfa) {
  if (dfa.next.size() > NESTOR_DFA_STATES || dfa.accept.size() != dfa.next.size()) {
    return Error::InvalidArgument("automaton of " + std::to_string(dfa.next.size()) +
                                  " states, the kernel's table has " +
                                  std::to_string(NESTOR_DFA_STATES));
  }
  const uint32_t base = (kind * 2 + slot) * NESTOR_DFA_STATES;
  // The dead state and the start exist even when there is no pattern: nothing matches then.
  const size_t states = std::max<size_t>(dfa.next.size(), 2);
  for (uint32_t state = 0; state < states; ++state) {
    nestor_dfa_row row{};
    nestor_rule_bits accept{};
    if (state < dfa.next.size()) {
      std::copy(dfa.next[state].begin(), dfa.next[state].end(), row.next);
      accept = ToRaw(dfa.accept[state]);
    }
    const uint32_t key = base + state;
    if (Status status = Update(fds_.dfa_rows, &key, &row, "automaton"); !status) return status;
    if (Status status = Update(fds_.dfa_accepts, &key, &accept, "automaton"); !status)
      return status;
  }
  return {};
}

Status PolicyMaps::WriteRules(uint32_t slot, const CompiledPolicies& policies) {
  RuleBits all[4], path[4], argv[4], cidr[4], allow[4], spares[4];
  for (uint32_t index = 0; index < policies.rules.size(); ++index) {
    const CompiledRule& rule = policies.rules[index];
    const auto event = static_cast<size_t>(rule.event);
    if (event >= std::size(all)) {
      return Error::Internal("rule " + rule.name + " is of a kind that the kernel does not judge");
    }
    all[event].set(index);
    path[event].set(index, rule.need_path);
    argv[event].set(index, rule.need_argv);
    cidr[event].set(index, rule.need_cidr);
    allow[event].set(index, rule.action == Action::kAllow);
    spares[event].set(index, rule.spares);
    const nestor_rule raw = ToRaw(rule);
    const uint32_t key = slot * NESTOR_MAX_RULES + index;
    if (Status status = Update(fds_.rules, &key, &raw, "rule"); !status) return status;
  }
  for (uint32_t event = 0; event < 4; ++event) {
    const nestor_event_rules by_event = {ToRaw(all[event]),   ToRaw(path[event]),
                                         ToRaw(argv[event]),  ToRaw(cidr[event]),
                                         ToRaw(allow[event]), ToRaw(spares[event])};
    const uint32_t key = slot * 4 + event;
    if (Status status = Update(fds_.event_rules, &key, &by_event, "rules by event"); !status)
      return status;
  }
  const nestor_rule_bits defaults = ToRaw(policies.default_rules);
  return Update(fds_.default_rules, &slot, &defaults, "default rules");
}

void PolicyMaps::ClearCidrs(uint32_t slot) {
  nestor_cidr_key key{}, next{};
  std::vector<nestor_cidr_key> old;
  for (void* at = nullptr; bpf_map_get_next_key(fds_.cidrs, at, &next) == 0; at = &key) {
    key = next;
    if (key.slot == slot) old.push_back(key);
  }
  for (const nestor_cidr_key& entry : old) bpf_map_delete_elem(fds_.cidrs, &entry);
}

Status PolicyMaps::WriteCidrs(uint32_t slot, const std::vector<CidrRule>& cidrs) {
  if (cidrs.size() > NESTOR_MAX_CIDRS) {
    return Error::InvalidArgument(std::to_string(cidrs.size()) + " address ranges, at most " +
                                  std::to_string(NESTOR_MAX_CIDRS));
  }
  ClearCidrs(slot);
  for (const CidrRule& cidr : cidrs) {
    nestor_cidr_key key{};
    key.prefix_len = 64U + cidr.prefix_len;
    key.slot = slot;
    key.family = cidr.v6 ? AF_INET6 : AF_INET;
    std::memcpy(key.addr, cidr.bytes.data(), cidr.v6 ? 16 : 4);
    const nestor_rule_bits bits = ToRaw(cidr.rules);
    if (Status status = Update(fds_.cidrs, &key, &bits, "address range"); !status) return status;
  }
  return {};
}

Status PolicyMaps::WriteContainer(uint32_t slot, CgroupId container, const RuleBits& rules) {
  nestor_container_rules value{};
  bpf_map_lookup_elem(fds_.container_rules, &container, &value);
  value.slot[slot] = ToRaw(rules);
  return Update(fds_.container_rules, &container, &value, "container rules");
}

// Containers that have rules and whose names are not known, as when the runtime does not answer a
// nestord that was just restarted: by the same policies they keep their rules, by others they have
// those of any unknown container.
Status PolicyMaps::WriteUnnamed(uint32_t slot, const CompiledPolicies& policies, bool same_policies,
                                const std::vector<std::pair<CgroupId, RuleBits>>& named) {
  std::unordered_set<CgroupId> written;
  for (const auto& [container, rules] : named) written.insert(container);
  std::vector<CgroupId> unnamed;
  CgroupId key = 0;
  for (void* at = nullptr; bpf_map_get_next_key(fds_.container_rules, at, &key) == 0; at = &key) {
    if (!written.contains(key)) unnamed.push_back(key);
  }
  for (const CgroupId container : unnamed) {
    nestor_container_rules value{};
    uint64_t unused = 0;
    if (bpf_map_lookup_elem(fds_.containers, &container, &unused) != 0) {
      // It ended while nobody looked.
      if (Status removed = RemoveContainer(container); !removed) return removed;
      continue;
    }
    if (bpf_map_lookup_elem(fds_.container_rules, &container, &value) != 0) continue;
    value.slot[slot] = same_policies ? value.slot[slot ^ 1] : ToRaw(policies.default_rules);
    if (Status status = Update(fds_.container_rules, &container, &value, "container rules");
        !status)
      return status;
  }
  return {};
}

Status PolicyMaps::Load(const CompiledPolicies& policies,
                        const std::vector<std::pair<CgroupId, RuleBits>>& containers) {
  if (policies.generation <= loaded_) {
    return Error::FailedPrecondition("policy generation " + std::to_string(policies.generation) +
                                     " is not newer than " + std::to_string(loaded_));
  }
  // Consecutive numbers alternate the slots.
  const uint64_t generation = loaded_ + 1 == policies.generation ? policies.generation : 0;
  if (generation == 0) {
    return Error::FailedPrecondition("policy generation " + std::to_string(policies.generation) +
                                     " does not follow " + std::to_string(loaded_));
  }
  if (const int64_t left = kGrace / std::chrono::nanoseconds(1) - (MonotonicNs() - swapped_ns_);
      loaded_ != 0 && left > 0) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(left));
  }
  const uint32_t slot = generation & 1;
  const std::pair<uint32_t, const Dfa*> automata[] = {
      {NESTOR_DFA_EXEC_PATH, &policies.exec_path}, {NESTOR_DFA_ARGV, &policies.argv},
      {NESTOR_DFA_OPEN_PATH, &policies.open_path}, {NESTOR_DFA_UNIX_PATH, &policies.unix_path},
      {NESTOR_DFA_EXCEPT, &policies.except_path},
  };
  for (const auto& [kind, dfa] : automata) {
    if (Status status = WriteDfa(kind, slot, *dfa); !status) return status;
  }
  if (Status status = WriteRules(slot, policies); !status) return status;
  if (Status status = WriteCidrs(slot, policies.cidrs); !status) return status;
  for (const auto& [container, rules] : containers) {
    if (Status status = WriteContainer(slot, container, rules); !status) return status;
  }
  const uint64_t fingerprint = FingerprintOf(policies);
  const bool same = *fingerprint_ == fingerprint;
  if (Status status = WriteUnnamed(slot, policies, same, containers); !status) return status;
  // Never a generation with another one's fingerprint, whenever nestord dies.
  *fingerprint_ = 0;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *generation_ = generation;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *fingerprint_ = fingerprint;
  loaded_ = generation;
  swapped_ns_ = MonotonicNs();
  return {};
}

Status PolicyMaps::SetContainer(CgroupId container, const RuleBits& rules) {
  return WriteContainer(loaded_ & 1, container, rules);
}

Status PolicyMaps::RemoveContainer(CgroupId container) {
  if (bpf_map_delete_elem(fds_.container_rules, &container) == 0 || errno == ENOENT) return {};
  return Error::FromErrno("remove container rules", errno);
}

}  // namespace nestor
