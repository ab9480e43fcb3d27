// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/evaluate.h"

#include <algorithm>

#include "agent/policy/automaton.h"
#include "agent/policy/dns_name.h"

namespace nestor {
namespace {

// A rule with what it asks for: the bits of all that do.
RuleBits Asking(const CompiledPolicies& policies, bool CompiledRule::* what) {
  RuleBits bits;
  for (size_t i = 0; i < policies.rules.size(); ++i) bits[i] = policies.rules[i].*what;
  return bits;
}

// What the kernel's trie finds: the longest prefix, which holds the rules of the wider ones, too.
RuleBits RulesOfAddress(const CompiledPolicies& policies, const Cidr& address) {
  const CidrRule* longest = nullptr;
  for (const CidrRule& cidr : policies.cidrs) {
    const Cidr network{cidr.v6, cidr.bytes, cidr.prefix_len};
    if (!network.Covers(address)) continue;
    if (!longest || cidr.prefix_len > longest->prefix_len) longest = &cidr;
  }
  return longest ? longest->rules : RuleBits();
}

RuleBits RulesOfNames(const CompiledPolicies& policies, const std::vector<std::string>& names) {
  RuleBits rules;
  for (const std::string& name : names)
    rules |= RulesMatching(policies.dns_name, PlainDnsName(name));
  return rules;
}

RuleBits MatchingPatterns(const CompiledPolicies& policies, const Subject& subject) {
  const RuleBits all = RuleBits().set();
  const RuleBits need_path = Asking(policies, &CompiledRule::need_path);
  const RuleBits need_argv = Asking(policies, &CompiledRule::need_argv);
  switch (subject.event) {
    case RuleEvent::kExec: {
      const RuleBits path =
          subject.path_unseen ? all : RulesMatching(policies.exec_path, subject.path);
      const RuleBits argv =
          subject.argv_unseen ? all : RulesMatching(policies.argv, JoinedArgv(subject.argv));
      return (path | ~need_path) & (argv | ~need_argv);
    }
    case RuleEvent::kOpen:
      return subject.path_unseen ? all : RulesMatching(policies.open_path, subject.path);
    case RuleEvent::kConnect:
      if (!subject.address) return RulesMatching(policies.unix_path, subject.path) & need_path;
      return ~need_path &
             (RulesOfAddress(policies, *subject.address) | RulesOfNames(policies, subject.names) |
              ~Asking(policies, &CompiledRule::need_cidr));
    case RuleEvent::kCredential:
    case RuleEvent::kNamespace:
    case RuleEvent::kTrace:
      break;
  }
  return all;  // such rules have no patterns
}

// Of what is done at once an allowance is for all, a prohibition for any. `asked` 0: anything.
bool IsAbout(const CompiledRule& rule, uint64_t asked, uint64_t done) {
  const uint64_t both = asked & done;
  if (asked == 0) return true;
  return rule.action == Action::kAllow ? both != 0 && both == done : both != 0;
}

bool IsAboutAct(const CompiledRule& rule, const Act& act) {
  if (!IsAbout(rule, rule.operations, act.operation) || !IsAbout(rule, rule.kinds, act.kinds))
    return false;
  if (rule.to_uid != kAnyUid && (rule.to_uid != act.to || act.from == act.to)) return false;
  return IsAbout(rule, rule.capabilities, act.capabilities);
}

bool IsOfFile(const CompiledRule& rule, const Subject& subject) {
  if (rule.traits && !(rule.traits & subject.traits)) return false;
  const bool other = !rule.digests.empty() && !subject.digest.empty() &&
                     std::ranges::find(rule.digests, subject.digest) == rule.digests.end();
  if (other) return false;
  return !rule.provenance || !subject.provenance || rule.provenance == subject.provenance;
}

// An allowance is for all that is done, a prohibition for any of it.
bool IsAboutAccess(const CompiledRule& rule, uint8_t access) {
  const bool all = (rule.access & access) == access;
  return rule.action == Action::kAllow ? all : (rule.access & access) != 0;
}

// What rules of this kind ask for beside patterns.
bool IsAboutSubject(const CompiledRule& rule, const Subject& subject) {
  switch (rule.event) {
    case RuleEvent::kExec:
      return IsOfFile(rule, subject);
    case RuleEvent::kOpen:
      return IsAboutAccess(rule, subject.access);
    case RuleEvent::kConnect:
      return subject.port >= rule.port_min && subject.port <= rule.port_max;
    case RuleEvent::kCredential:
    case RuleEvent::kNamespace:
    case RuleEvent::kTrace:
      return IsAboutAct(rule, subject.act);
  }
  return false;
}

enum class Passage : uint8_t { kNo, kUnsure, kYes };

// The way that the chain came: bpf/way.bpf.h.
Passage PassageOf(const CompiledRule& rule, const CompiledPolicies& policies,
                  const Subject& subject) {
  const uint32_t hops = subject.way_hops | 1U << static_cast<unsigned>(subject.origin);
  const auto met = [](bool yes, bool unsure) {
    return yes ? Passage::kYes : unsure ? Passage::kUnsure : Passage::kNo;
  };
  Passage passage = met(!rule.through_hops || (rule.through_hops & hops), subject.way_unseen);
  if (rule.through_agents != 0) {
    const std::vector<std::string>& asked = policies.agent_lists[rule.through_agents - 1];
    const bool came = std::ranges::any_of(
        subject.way_agents, [&asked](const std::string& name) { return NamesAgent(asked, name); });
    passage = std::min(passage, met(came, subject.way_unseen || subject.way_agents_unseen));
  }
  if (rule.users != 0) {
    const std::vector<std::string>& asked = policies.user_lists[rule.users - 1];
    const bool came = std::ranges::any_of(subject.way_users, [&asked](const std::string& user) {
      return std::ranges::find(asked, user) != asked.end();
    });
    passage = std::min(passage, met(came, subject.way_unseen || subject.way_users_unseen));
  }
  if (rule.through_place == 0) return passage;
  const std::vector<std::string>& place = policies.places[rule.through_place - 1];
  const bool left = std::ranges::any_of(
      subject.way_left, [&place](const Workload& one) { return IsOneOf(place, one); });
  const bool unnamed = std::ranges::any_of(subject.way_left, &Workload::pending);
  return std::min(passage, met(left, subject.way_unseen || unnamed));
}

// What it asks for was not inspected to its end, or cannot be known.
bool IsUnseen(const CompiledRule& rule, const Subject& subject, Passage passage) {
  return passage == Passage::kUnsure || (subject.chain_unseen && rule.asks_chain()) ||
         (subject.path_unseen && rule.need_path) || (subject.argv_unseen && rule.need_argv) ||
         (!subject.provenance && rule.provenance) ||
         (subject.digest.empty() && !rule.digests.empty());
}

bool IsOfChain(const CompiledRule& rule, const Subject& subject) {
  if (subject.depth < rule.min_depth || subject.depth > rule.max_depth) return false;
  const auto origin = static_cast<unsigned>(subject.origin);
  return rule.origin_mask == 0 || (rule.origin_mask >> origin & 1) != 0;
}

bool Holds(const CompiledRule& rule, const Subject& subject, Passage passage) {
  if (rule.event != subject.event) return false;
  if (!subject.chain_unseen && !IsOfChain(rule, subject)) return false;
  if (!IsAboutSubject(rule, subject)) return false;
  if (passage == Passage::kNo) return false;
  return rule.action != Action::kAllow || !IsUnseen(rule, subject, passage);
}

// The order of rules makes the first word the last one.
class Judge {
 public:
  explicit Judge(const Subject& subject) : subject_(subject) {}

  void Ask(const CompiledRule& rule, size_t index, Passage passage) {
    const bool in_force = rule.mode == Mode::kEnforce;
    const bool only_audits =
        rule.action == Action::kAudit ||
        (rule.on_truncated == OnTruncated::kAudit && IsUnseen(rule, subject_, passage));
    if (only_audits) return Note(index, Outcome::kReports);
    Outcome outcome = Outcome::kReports;
    if (rule.action == Action::kAllow) {
      outcome = Outcome::kAllows;
    } else if (!in_force) {
      const bool allowed = judgement_.would_rule && judgement_.would == Action::kAllow;
      outcome = allowed ? Outcome::kOverruled : Outcome::kWouldDeny;
    } else if (judgement_.rule && judgement_.action == Action::kAllow) {
      outcome = Outcome::kOverruled;
    }
    if (in_force && !judgement_.rule) {
      judgement_.rule = index;
      judgement_.action = rule.action;
      outcome = Outcome::kDecides;
    }
    if (!judgement_.would_rule) {
      judgement_.would_rule = index;
      judgement_.would = rule.action;
    }
    Note(index, outcome);
  }

  Judgement Result() { return std::move(judgement_); }

 private:
  void Note(size_t index, Outcome outcome) { judgement_.hits.push_back({index, outcome}); }

  const Subject& subject_;
  Judgement judgement_;
};

std::string Verb(Action action) {
  switch (action) {
    case Action::kDeny:
      return "denied";
    case Action::kKill:
      return "denied and killed";
    case Action::kNone:
    case Action::kAudit:
    case Action::kAllow:
      break;
  }
  return "allowed";
}

// Why the rule that decided came before the first one that wanted something else.
std::string Precedence(const CompiledPolicies& policies, const Judgement& judgement) {
  const CompiledRule& winner = policies.rules[*judgement.rule];
  for (const Hit& hit : judgement.hits) {
    const CompiledRule& loser = policies.rules[hit.rule];
    const bool lost = hit.outcome == Outcome::kOverruled || hit.outcome == Outcome::kAllows;
    if (!lost || loser.is_default ||
        (loser.action == Action::kAllow) == (winner.action == Action::kAllow))
      continue;
    if (loser.specificity != winner.specificity)
      return "; it is more specific (" + SpecificityText(winner.specificity) + ") than " +
             NameOf(loser) + " (" + SpecificityText(loser.specificity) + ")";
    return loser.is_default ? "; the default of its policy is for what no rule allows"
                            : "; " + NameOf(loser) + " is as specific, and deny goes over allow";
  }
  return "";
}

}  // namespace

std::string NameOf(const CompiledRule& rule) { return rule.policy + "/" + rule.name; }

std::string JoinedArgv(const std::vector<std::string>& argv) {
  std::string joined;
  for (const std::string& argument : argv) joined += argument + '\0';
  return joined;
}

Judgement Evaluate(const CompiledPolicies& policies, const Subject& subject) {
  RuleBits matching =
      RulesFor(policies, subject.workload, subject.labels) & MatchingPatterns(policies, subject);
  if (!subject.executable.empty())
    matching &= ~RulesMatching(policies.except_path, subject.executable);
  Judge judge(subject);
  for (size_t index = 0; index < policies.rules.size(); ++index) {
    if (!matching[index]) continue;
    const CompiledRule& rule = policies.rules[index];
    const Passage passage = PassageOf(rule, policies, subject);
    if (Holds(rule, subject, passage)) judge.Ask(rule, index, passage);
  }
  return judge.Result();
}

std::string Why(const CompiledPolicies& policies, const Judgement& judgement) {
  std::string text = "allowed: no rule in force says anything of it";
  if (judgement.rule)
    text = Verb(judgement.action) + " by " + NameOf(policies.rules[*judgement.rule]) +
           Precedence(policies, judgement);
  if (judgement.would == judgement.action || !judgement.would_rule) return text;
  return text + "; it would be " + Verb(judgement.would) + " by " +
         NameOf(policies.rules[*judgement.would_rule]) + " if its policy were not in audit mode";
}

}  // namespace nestor
