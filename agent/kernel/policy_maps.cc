// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/policy_maps.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <unordered_set>

#include "agent/policy/fingerprint.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

// A decision that began with the last but one generation must be over before its slot is written
// again. A decision takes microseconds and is not preempted for long.
constexpr auto kGrace = std::chrono::milliseconds(100);

Status Update(int fd, const void* key, const void* value, const char* what) {
  if (bpf_map_update_elem(fd, key, value, BPF_ANY) == 0) return {};
  return Error::FromErrno(std::string("write ") + what, errno);
}

int64_t MonotonicNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

// Swapped just now, for all that is known of an earlier nestord.
PolicyMaps::PolicyMaps(Fds fds, Words words)
    : fds_(fds), words_(words), loaded_(*words.generation), swapped_ns_(MonotonicNs()) {}

Status PolicyMaps::WriteAutomata(uint32_t slot, const PolicyTables& tables) {
  for (uint32_t kind = 0; kind < tables.dfas.size(); ++kind) {
    const uint32_t key = slot * NESTOR_DFA_KINDS + kind;
    if (Status status = Update(fds_.dfas, &key, &tables.dfas[kind], "automaton"); !status)
      return status;
  }
  auto cells = std::make_unique<nestor_dfa_cells>();  // the kernel takes a value whole
  std::ranges::copy(tables.cells, cells->cell);
  if (Status status = Update(fds_.dfa_cells, &slot, cells.get(), "automata"); !status)
    return status;
  for (uint32_t set = 0; set < tables.sets.size(); ++set) {
    const uint32_t key = slot * NESTOR_RULE_SETS + set;
    if (Status status = Update(fds_.rule_sets, &key, &tables.sets[set], "set of rules"); !status)
      return status;
  }
  return {};
}

Status PolicyMaps::WriteRules(uint32_t slot, const PolicyTables& tables) {
  for (uint32_t index = 0; index < tables.rules.size(); ++index) {
    const uint32_t key = slot * NESTOR_MAX_RULES + index;
    if (Status status = Update(fds_.rules, &key, &tables.rules[index], "rule"); !status)
      return status;
  }
  for (uint32_t event = 0; event < tables.events.size(); ++event) {
    const uint32_t key = slot * NESTOR_RULE_EVENTS + event;
    if (Status status = Update(fds_.event_rules, &key, &tables.events[event], "rules by event");
        !status)
      return status;
  }
  return Update(fds_.default_rules, &slot, &tables.default_rules, "default rules");
}

namespace {

// What an earlier generation left in this slot.
template <typename Key>
void Clear(int table, uint32_t slot) {
  Key key{}, next{};
  std::vector<Key> old;
  for (void* at = nullptr; bpf_map_get_next_key(table, at, &next) == 0; at = &key) {
    key = next;
    if (key.slot == slot) old.push_back(key);
  }
  for (const Key& entry : old) bpf_map_delete_elem(table, &entry);
}

// Keys of slot 0 and their sets of rules, or of lists, into this slot and nothing else there.
template <typename Key, typename Set>
Status WriteSets(int table, uint32_t slot, const std::vector<std::pair<Key, Set>>& sets,
                 const char* what) {
  Clear<Key>(table, slot);
  for (const auto& [of_slot_0, set] : sets) {
    Key key = of_slot_0;
    key.slot = slot;
    if (Status status = Update(table, &key, &set, what); !status) return status;
  }
  return {};
}

}  // namespace

Status PolicyMaps::WriteContainer(uint32_t slot, CgroupId container, const nestor_applying& rules) {
  nestor_container_rules value{};
  bpf_map_lookup_elem(fds_.container_rules, &container, &value);
  value.slot[slot] = rules;
  return Update(fds_.container_rules, &container, &value, "container rules");
}

// Containers that have rules and whose names are not known, as when the runtime does not answer a
// nestord that was just restarted: by the same policies they keep their rules, by others they have
// those of any unknown container.
Status PolicyMaps::WriteUnnamed(uint32_t slot, const nestor_applying& defaults, bool same_policies,
                                const std::vector<std::pair<CgroupId, ContainerRules>>& named) {
  std::unordered_set<CgroupId> written;
  for (const auto& [container, rules] : named) written.insert(container);
  std::vector<CgroupId> unnamed;
  CgroupId key = 0;
  for (void* at = nullptr; bpf_map_get_next_key(fds_.container_rules, at, &key) == 0; at = &key) {
    if (!written.contains(key)) unnamed.push_back(key);
  }
  for (const CgroupId container : unnamed) {
    nestor_container_rules value{};
    nestor_container seen{};
    if (bpf_map_lookup_elem(fds_.containers, &container, &seen) != 0) {
      // It ended while nobody looked.
      if (Status removed = RemoveContainer(container); !removed) return removed;
      continue;
    }
    if (bpf_map_lookup_elem(fds_.container_rules, &container, &value) != 0) continue;
    value.slot[slot] = same_policies ? value.slot[slot ^ 1] : defaults;
    if (Status status = Update(fds_.container_rules, &container, &value, "container rules");
        !status)
      return status;
  }
  return {};
}

// Generations with the same agents share a numbering: what was marked by one counts for the next.
// Any other begins anew, with a stamp that came not up in 65,535 generations. Returns the stamp.
Result<uint32_t> PolicyMaps::WriteAgents(uint32_t slot, uint64_t fingerprint, uint64_t generation) {
  constexpr uint64_t kStamps = (1U << (64 - NESTOR_AGENTS_STAMP)) - 1;
  const uint32_t other = slot ^ 1;
  nestor_agents before{}, now{};
  if (bpf_map_lookup_elem(fds_.agent_numbering, &other, &before) != 0)
    return Error::FromErrno("read the numbering of agents", errno);
  if (fingerprint != 0) {
    const bool same = loaded_ != 0 && before.stamp != 0 && before.fingerprint == fingerprint;
    now.stamp = same ? before.stamp : static_cast<uint32_t>(generation % kStamps + 1);
    now.fingerprint = fingerprint;
  }
  if (Status status = Update(fds_.agent_numbering, &slot, &now, "numbering of agents"); !status)
    return status.error();
  return now.stamp;
}

Status PolicyMaps::Load(const CompiledPolicies& policies,
                        const std::vector<std::pair<CgroupId, ContainerRules>>& containers) {
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
  const Result<PolicyTables> tables = MakeTables(policies);
  if (!tables) return tables.error();
  if (const int64_t left = kGrace / std::chrono::nanoseconds(1) - (MonotonicNs() - swapped_ns_);
      loaded_ != 0 && left > 0) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(left));
  }
  const uint32_t slot = generation & 1;
  if (Status status = WriteAutomata(slot, *tables); !status) return status;
  if (Status status = WriteRules(slot, *tables); !status) return status;
  if (Status status = WriteSets(fds_.cidrs, slot, tables->cidrs, "address range"); !status)
    return status;
  if (Status status = WriteSets(fds_.digests, slot, tables->digests, "digest"); !status)
    return status;
  if (Status status = WriteSets(fds_.user_lists, slot, tables->users, "user"); !status)
    return status;
  for (const auto& [container, rules] : containers) {
    const nestor_applying applying = ApplyingOf(tables->events, rules);
    if (Status status = WriteContainer(slot, container, applying); !status) return status;
  }
  const Result<uint32_t> stamp = WriteAgents(slot, tables->agents, generation);
  if (!stamp) return stamp.error();
  const uint64_t fingerprint = FingerprintOf(policies);
  const bool same = *words_.fingerprint == fingerprint;
  if (Status status = WriteUnnamed(slot, tables->default_rules, same, containers); !status)
    return status;
  // Before rules that ask for names count, and after the last one did.
  if (tables->asks_names) *words_.names_asked = 1;
  // Never a generation with another one's fingerprint, whenever nestord dies.
  *words_.fingerprint = 0;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *words_.generation = generation;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // Not before: marks of this numbering are made by this generation's tables.
  *words_.agents_stamp = *stamp;
  if (!tables->asks_names) *words_.names_asked = 0;
  *words_.fingerprint = fingerprint;
  loaded_ = generation;
  events_ = tables->events;
  swapped_ns_ = MonotonicNs();
  return {};
}

uint32_t PolicyMaps::EventsInForce() const {
  uint32_t events = 0;
  if (*words_.generation == 0) return events;
  for (uint32_t event = 0; event < events_.size(); ++event) {
    const uint32_t key = (*words_.generation & 1) * static_cast<uint32_t>(events_.size()) + event;
    nestor_event_rules rules{};
    // What cannot be read counts as needed.
    const bool read = bpf_map_lookup_elem(fds_.event_rules, &key, &rules) == 0;
    const auto any = [](uint64_t word) { return word != 0; };
    if (!read || std::ranges::any_of(rules.all.word, any)) events |= 1U << event;
    if (!read || std::ranges::any_of(rules.need_digest.word, any))
      events |= 1U << NESTOR_APPLIES_DIGESTS;
  }
  const uint32_t slot = *words_.generation & 1;
  nestor_agents numbering{};
  const bool read = bpf_map_lookup_elem(fds_.agent_numbering, &slot, &numbering) == 0;
  if (!read || numbering.stamp != 0) events |= 1U << NESTOR_ASKS_AGENTS;
  if (*words_.names_asked != 0) events |= 1U << NESTOR_ASKS_NAMES;
  return events;
}

// What tasks remember of their container's rules counts no longer, once the table says otherwise.
void PolicyMaps::TellChange() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *words_.changes = *words_.changes + 1;
}

Status PolicyMaps::SetContainer(CgroupId container, const ContainerRules& rules) {
  const Status written = WriteContainer(loaded_ & 1, container, ApplyingOf(events_, rules));
  TellChange();
  return written;
}

Status PolicyMaps::RemoveContainer(CgroupId container) {
  if (bpf_map_delete_elem(fds_.container_rules, &container) != 0 && errno != ENOENT)
    return Error::FromErrno("remove container rules", errno);
  TellChange();
  return {};
}

}  // namespace nestor
