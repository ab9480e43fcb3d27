// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/tables.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "agent/policy/automaton.h"
#include "agent/policy/fingerprint.h"

namespace nestor {
namespace {

static_assert(static_cast<int>(OnTruncated::kAudit) == NESTOR_TRUNCATED_AUDIT);
static_assert(BitOf(ExecTrait::kMemfd) == NESTOR_IS_MEMFD);
static_assert(BitOf(ExecTrait::kDeleted) == NESTOR_IS_DELETED);
static_assert(BitOf(ExecTrait::kLoader) == NESTOR_IS_LOADER);
static_assert(BitOf(ExecTrait::kSetuid) == NESTOR_IS_SETUID);
static_assert(kAnyUid == NESTOR_ANY_UID);
static_assert(kMaxUserLists == NESTOR_USER_LISTS);
static_assert(kMaxUsers == NESTOR_MAX_USERS);

nestor_rule_bits ToRaw(const RuleBits& bits) {
  nestor_rule_bits raw{};
  for (size_t rule = 0; rule < kMaxRules; ++rule) {
    if (bits[rule]) raw.word[rule / 64] |= uint64_t{1} << (rule % 64);
  }
  return raw;
}

uint8_t ToRaw(Provenance provenance) {
  return provenance == Provenance::kImage ? NESTOR_FROM_IMAGE : NESTOR_FROM_ADDED;
}

bool AsksWay(const CompiledRule& rule) {
  return rule.through_hops != 0 || rule.through_place != 0 || rule.through_agents != 0 ||
         rule.users != 0;
}

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
  raw.sees = static_cast<uint8_t>(
      (rule.need_path ? NESTOR_SEES_PATH : 0) | (rule.need_argv ? NESTOR_SEES_ARGV : 0) |
      (rule.provenance ? NESTOR_SEES_FROM : 0) | (AsksWay(rule) ? NESTOR_SEES_WAY : 0) |
      (rule.asks_chain() ? NESTOR_SEES_CHAIN : 0) |
      (rule.digests.empty() ? 0 : NESTOR_SEES_DIGEST));
  raw.on_truncated = static_cast<uint8_t>(rule.on_truncated);
  raw.is = rule.traits;
  raw.from = rule.provenance ? ToRaw(*rule.provenance) : uint8_t{0};
  raw.operations = rule.operations;
  raw.kinds = rule.kinds;
  raw.capabilities = rule.capabilities;
  raw.to_uid = rule.to_uid;
  raw.hops = rule.through_hops;
  raw.place = static_cast<uint8_t>(rule.through_place);
  raw.users = static_cast<uint8_t>(rule.users);
  raw.agents = rule.agents;
  return raw;
}

nestor_cidr_key ToRaw(const CidrRule& cidr) {
  nestor_cidr_key key{};
  key.prefix_len = 64U + cidr.prefix_len;
  key.family = cidr.v6 ? AF_INET6 : AF_INET;
  std::memcpy(key.addr, cidr.bytes.data(), cidr.v6 ? 16 : 4);
  return key;
}

// `digest`: 64 hex digits, as the reader checked.
nestor_digest_key ToRaw(const std::string& digest) {
  nestor_digest_key key{};
  for (size_t i = 0; i < std::size(key.sha256); ++i)
    std::from_chars(&digest[2 * i], &digest[2 * i] + 2, key.sha256[i], 16);
  return key;
}

nestor_user_key ToUserKey(const std::string& user) {
  nestor_user_key key{};
  key.user = HashOfUser(user);
  return key;
}

Error NoRoom(const std::string& what, size_t most) {
  return {ErrorCode::kResourceExhausted,
          "the patterns together need more than " + std::to_string(most) + " " + what};
}

// Sets 0 and 1 are none and all rules; networks come last and must find room.
constexpr size_t kSetsOfAutomata = NESTOR_RULE_SETS - NESTOR_MAX_CIDRS;

class Maker {
 public:
  Maker() {
    SetOf({});
    SetOf(RuleBits().set());
  }

  Status AddDfa(uint32_t kind, const Dfa& dfa, bool with_reach) {
    nestor_dfa& raw = tables_.dfas[kind];
    const std::vector<RuleBits> reach = with_reach ? ReachOf(dfa) : std::vector<RuleBits>();
    raw.base = static_cast<uint32_t>(tables_.cells.size());
    raw.stride = dfa.classes + NESTOR_ROW_SETS;
    raw.hits_from = dfa.hits_from;
    std::memcpy(raw.class_of, dfa.class_of.data(), sizeof(raw.class_of));
    // The dead state and the start exist even when there is no pattern: nothing matches then.
    const size_t states = std::max<size_t>(dfa.states(), 2);
    if (raw.base + states * raw.stride > NESTOR_DFA_CELLS) return NoRoom("cells", NESTOR_DFA_CELLS);
    std::vector<uint16_t>& cells = tables_.cells;
    cells.resize(raw.base + states * raw.stride);
    for (size_t state = 0; state < dfa.states(); ++state) {
      uint16_t* row = &cells[raw.base + state * raw.stride];
      std::memcpy(row, &dfa.next[state * dfa.classes], dfa.classes * sizeof(*row));
      uint16_t* end = row + raw.stride;
      end[-NESTOR_ROW_ACCEPTS] = SetOf(dfa.sets[dfa.accept[state]]);
      end[-NESTOR_ROW_HITS] = SetOf(dfa.Hits(static_cast<uint32_t>(state)));
      if (with_reach) end[-NESTOR_ROW_REACH] = SetOf(reach[state]);
    }
    return CheckSets();
  }

  Status AddRules(const std::vector<CompiledRule>& rules) {
    struct Bits {
      RuleBits all, path, argv, cidr, allow, spares, asks_file, asks_way, digest;
    } of[NESTOR_RULE_EVENTS];
    for (size_t index = 0; index < rules.size(); ++index) {
      const CompiledRule& rule = rules[index];
      const auto event = static_cast<size_t>(rule.event);
      if (rule.through_agents != 0 && rule.agents == 0)
        return Error::Internal("rule " + rule.name + " was compiled without the node's agents");
      if (Name(rule.event).empty()) {
        return Error::Internal("rule " + rule.name +
                               " is of a kind that the kernel does not judge");
      }
      of[event].all.set(index);
      of[event].path.set(index, rule.need_path);
      of[event].argv.set(index, rule.need_argv);
      of[event].cidr.set(index, rule.need_cidr);
      of[event].allow.set(index, rule.action == Action::kAllow);
      of[event].spares.set(index, rule.spares);
      of[event].asks_file.set(index, rule.traits != 0 || rule.provenance);
      of[event].asks_way.set(index, AsksWay(rule));
      of[event].digest.set(index, !rule.digests.empty());
      tables_.rules.push_back(ToRaw(rule));
    }
    for (size_t event = 0; event < std::size(of); ++event) {
      const Bits& bits = of[event];
      tables_.events[event] = {ToRaw(bits.all),       ToRaw(bits.path),     ToRaw(bits.argv),
                               ToRaw(bits.cidr),      ToRaw(bits.allow),    ToRaw(bits.spares),
                               ToRaw(bits.asks_file), ToRaw(bits.asks_way), ToRaw(bits.digest)};
    }
    return {};
  }

  Status AddCidrs(const std::vector<CidrRule>& cidrs) {
    for (const CidrRule& cidr : cidrs) tables_.cidrs.emplace_back(ToRaw(cidr), SetOf(cidr.rules));
    return CheckSets();
  }

  Status AddDigests(const std::map<std::string, RuleBits>& digests) {
    for (const auto& [digest, rules] : digests)
      tables_.digests.emplace_back(ToRaw(digest), SetOf(rules));
    return CheckSets();
  }

  void AddUsers(const std::vector<std::vector<std::string>>& lists) {
    std::map<std::string, uint64_t> lists_of;
    for (size_t list = 0; list < lists.size(); ++list)
      for (const std::string& user : lists[list]) lists_of[user] |= uint64_t{1} << list;
    for (const auto& [user, bits] : lists_of) tables_.users.emplace_back(ToUserKey(user), bits);
  }

  PolicyTables Take(const RuleBits& default_rules) {
    tables_.default_rules = ApplyingOf(tables_.events, {default_rules, kUnknownPlaces});
    return std::move(tables_);
  }

 private:
  uint16_t SetOf(const RuleBits& rules) {
    const auto [entry, fresh] =
        set_of_.try_emplace(rules, static_cast<uint16_t>(tables_.sets.size()));
    if (fresh) tables_.sets.push_back(ToRaw(rules));
    return entry->second;
  }

  Status CheckSets() const {
    if (tables_.sets.size() <= NESTOR_RULE_SETS) return {};
    return NoRoom("different sets of rules", NESTOR_RULE_SETS);
  }

  PolicyTables tables_;
  std::unordered_map<RuleBits, uint16_t> set_of_;
};

}  // namespace

uint64_t HashOfUser(std::string_view user) {
  uint64_t hash = NESTOR_FNV_BASIS;
  for (const char byte : user) hash = (hash ^ static_cast<uint8_t>(byte)) * NESTOR_FNV_PRIME;
  return hash != 0 ? hash : 1;
}

TableRoom::TableRoom()
    : cells_(NESTOR_DFA_CELLS), sets_({{RuleBits(), 0}, {RuleBits().set(), 1}}) {}

Status TableRoom::Take(const Dfa& dfa, bool with_reach) {
  const size_t cells = std::max<size_t>(dfa.states(), 2) * (dfa.classes + NESTOR_ROW_SETS);
  if (cells > cells_) return NoRoom("cells", cells_);
  std::unordered_map<RuleBits, uint16_t> sets = sets_;
  for (const RuleBits& rules : dfa.sets) sets.try_emplace(rules, 0);
  if (with_reach)
    for (const RuleBits& rules : ReachOf(dfa)) sets.try_emplace(rules, 0);
  if (sets.size() > kSetsOfAutomata) return NoRoom("different sets of rules", kSetsOfAutomata);
  cells_ -= cells;
  sets_ = std::move(sets);
  return {};
}

Result<PolicyTables> MakeTables(const CompiledPolicies& policies) {
  Maker maker;
  const std::pair<uint32_t, const Dfa*> automata[] = {
      {NESTOR_DFA_EXEC_PATH, &policies.exec_path}, {NESTOR_DFA_ARGV, &policies.argv},
      {NESTOR_DFA_OPEN_PATH, &policies.open_path}, {NESTOR_DFA_UNIX_PATH, &policies.unix_path},
      {NESTOR_DFA_EXCEPT, &policies.except_path},  {NESTOR_DFA_AGENT_PATH, &policies.marks.path},
      {NESTOR_DFA_AGENT_RUN, &policies.marks.run}, {NESTOR_DFA_AGENT_ARGV, &policies.marks.argv},
      {NESTOR_DFA_DNS_NAME, &policies.dns_name},
  };
  for (const auto& [kind, dfa] : automata) {
    if (Status added = maker.AddDfa(kind, *dfa, kind == NESTOR_DFA_OPEN_PATH); !added)
      return added.error();
  }
  if (Status added = maker.AddRules(policies.rules); !added) return added.error();
  if (Status added = maker.AddCidrs(policies.cidrs); !added) return added.error();
  if (Status added = maker.AddDigests(policies.digests); !added) return added.error();
  maker.AddUsers(policies.user_lists);
  PolicyTables tables = maker.Take(policies.default_rules);
  tables.asks_names = std::ranges::any_of(policies.rules, &CompiledRule::asks_name);
  if (!policies.agent_lists.empty()) tables.agents = FingerprintOf(policies.marks);
  return tables;
}

nestor_applying ApplyingOf(const EventRules& events, const ContainerRules& container) {
  nestor_applying applying{};
  applying.rules = ToRaw(container.rules);
  applying.places = container.places;
  for (uint32_t word = 0; word < NESTOR_RULE_WORDS; ++word) {
    if (applying.rules.word[word] == 0) continue;
    applying.words = word + 1;
    for (size_t event = 0; event < events.size(); ++event)
      if (events[event].all.word[word] & applying.rules.word[word]) applying.events |= 1U << event;
    if (events[NESTOR_RULE_EXEC].spares.word[word] & applying.rules.word[word])
      applying.events |= 1U << NESTOR_APPLIES_SPARES;
    if (events[NESTOR_RULE_EXEC].need_digest.word[word] & applying.rules.word[word])
      applying.events |= 1U << NESTOR_APPLIES_DIGESTS;
  }
  return applying;
}

}  // namespace nestor
