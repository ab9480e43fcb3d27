// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/fingerprint.h"

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nestor {
namespace {

class Hash {
 public:
  template <typename T>
    requires std::integral<T> || std::is_enum_v<T>
  void Add(T number) {
    const auto wide = static_cast<uint64_t>(number);
    for (int shift = 0; shift < 64; shift += 8) Byte(static_cast<uint8_t>(wide >> shift));
  }
  void Add(std::string_view text) {
    Add(text.size());
    for (const char byte : text) Byte(static_cast<uint8_t>(byte));
  }
  void Add(const RuleBits& bits) {
    for (size_t rule = 0; rule < bits.size(); ++rule) {
      if (bits[rule]) Add(rule);
    }
    Add(bits.count());
  }
  void Add(const std::vector<std::string>& texts) {
    Add(texts.size());
    for (const std::string& text : texts) Add(std::string_view(text));
  }
  void Add(const Dfa& automaton) {
    for (const uint8_t of_byte : automaton.class_of) Byte(of_byte);
    for (const std::vector<uint16_t>* cells :
         {&automaton.next, &automaton.accept, &automaton.hits}) {
      Add(cells->size());
      for (const uint16_t cell : *cells) {
        Byte(static_cast<uint8_t>(cell));
        Byte(static_cast<uint8_t>(cell >> 8));
      }
    }
    for (const RuleBits& set : automaton.sets) Add(set);
  }
  uint64_t value() const { return value_; }

 private:
  void Byte(uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }  // FNV-1a

  uint64_t value_ = 0xcbf29ce484222325;
};

void Add(const WorkloadSelector& selector, Hash& hash) {
  hash.Add(selector.namespaces);
  hash.Add(selector.pods);
  hash.Add(selector.containers);
  hash.Add(selector.images);
  hash.Add(selector.labels.size());
  for (const auto& [key, value] : selector.labels) {
    hash.Add(std::string_view(key));
    hash.Add(std::string_view(value));
  }
  hash.Add(selector.expressions.size());
  for (const LabelExpression& expression : selector.expressions) {
    hash.Add(std::string_view(expression.key));
    hash.Add(expression.op);
    hash.Add(expression.values);
  }
}

void Add(const CompiledRule& rule, Hash& hash) {
  for (const std::string_view text : {rule.policy, rule.name, rule.message, rule.severity})
    hash.Add(text);
  hash.Add(rule.tags);
  hash.Add(rule.event);
  hash.Add(rule.action);
  hash.Add(rule.mode);
  for (const uint32_t bound : {rule.min_depth, rule.max_depth, rule.origin_mask, rule.through_hops})
    hash.Add(bound);
  hash.Add(rule.through_place);
  hash.Add(rule.through_agents);
  hash.Add(rule.agents);
  hash.Add(rule.users);
  for (const bool yes : {rule.need_path, rule.need_argv, rule.need_cidr, rule.asks_name,
                         rule.while_unknown, rule.spares, rule.is_default}) {
    hash.Add(yes);
  }
  hash.Add(rule.on_truncated);
  hash.Add(rule.access);
  hash.Add(rule.operations);
  hash.Add(rule.kinds);
  hash.Add(rule.capabilities);
  hash.Add(rule.to_uid);
  hash.Add(rule.port_min);
  hash.Add(rule.port_max);
  hash.Add(rule.digests);
  hash.Add(rule.provenance ? static_cast<uint8_t>(*rule.provenance) : uint8_t{0});
  hash.Add(rule.traits);
  Add(rule.selector, hash);
  hash.Add(rule.except.size());
  for (const WorkloadSelector& selector : rule.except) Add(selector, hash);
}

}  // namespace

uint64_t FingerprintOf(const AgentMarks& marks) {
  Hash hash;
  hash.Add(marks.names);
  for (const Dfa* automaton : {&marks.path, &marks.run, &marks.argv}) hash.Add(*automaton);
  return hash.value();
}

uint64_t FingerprintOf(const CompiledPolicies& policies) {
  Hash hash;
  hash.Add(policies.rules.size());
  for (const CompiledRule& rule : policies.rules) Add(rule, hash);
  for (const Dfa* automaton : {&policies.exec_path, &policies.argv, &policies.open_path,
                               &policies.unix_path, &policies.except_path, &policies.dns_name}) {
    hash.Add(*automaton);
  }
  hash.Add(policies.places.size());
  for (const std::vector<std::string>& containers : policies.places) hash.Add(containers);
  hash.Add(policies.agent_lists.size());
  for (const std::vector<std::string>& agents : policies.agent_lists) hash.Add(agents);
  hash.Add(FingerprintOf(policies.marks));
  hash.Add(policies.user_lists.size());
  for (const std::vector<std::string>& users : policies.user_lists) hash.Add(users);
  hash.Add(policies.digests.size());
  for (const auto& [digest, rules] : policies.digests) {
    hash.Add(std::string_view(digest));
    hash.Add(rules);
  }
  hash.Add(policies.cidrs.size());
  for (const CidrRule& cidr : policies.cidrs) {
    hash.Add(cidr.v6);
    for (const uint8_t byte : cidr.bytes) hash.Add(byte);
    hash.Add(cidr.prefix_len);
    hash.Add(cidr.rules);
  }
  hash.Add(policies.default_rules);
  return hash.value() != 0 ? hash.value() : 1;
}

}  // namespace nestor
