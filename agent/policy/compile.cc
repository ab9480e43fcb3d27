// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/compile.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/nearest.h"
#include "agent/policy/automaton.h"
#include "agent/policy/rule_drafts.h"
#include "agent/policy/tables.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

static_assert(kMaxRules == NESTOR_MAX_RULES && kMaxAgents == NESTOR_AGENTS);
static_assert(kMaxPlaces == NESTOR_PLACES && kUnknownPlaces == NESTOR_PLACES_UNKNOWN);

// The patterns of one kind, with the rule of each, until all rules are known.
struct PatternList {
  struct Entry {
    const Pattern* pattern;
    size_t rule;
    bool except;
  };
  const char* kind;
  std::vector<Entry> entries;
  bool with_reach = false;
  bool hits = false;
  ByteSet bytes = AnyByteBut('\0');  // that texts can have

  void Add(const std::vector<const Pattern*>& more, size_t rule, bool except) {
    for (const Pattern* pattern : more) entries.push_back({pattern, rule, except});
  }
};

Error CannotAsk(const std::string& agent, const std::string& why) {
  return Error::InvalidArgument("rules cannot ask for agent `" + agent + "`: " + why);
}

// The agents of one name, or one glob of names: bits of AgentMarks::names. Error: there is none
// that the kernel can tell, or some that it cannot.
Result<uint64_t> BitsOf(const std::string& glob, const AgentMarks& agents) {
  uint64_t bits = 0;
  for (size_t i = 0; i < agents.names.size(); ++i)
    if (NamesAgent({glob}, agents.names[i])) bits |= uint64_t{1} << i;
  for (const auto& [name, why] : agents.unmarked)
    if (NamesAgent({glob}, name)) return CannotAsk(name, why);
  if (bits != 0) return bits;
  const std::vector<std::string_view> known(agents.names.begin(), agents.names.end());
  return Error::InvalidArgument("this node knows no agent `" + glob + "`" + Suggest(glob, known));
}

Result<uint64_t> BitsOf(const std::vector<std::string>& globs, const AgentMarks& agents) {
  uint64_t bits = 0;
  for (const std::string& glob : globs) {
    const Result<uint64_t> more = BitsOf(glob, agents);
    if (!more) return more;
    bits |= *more;
  }
  return bits;
}

// Where a list stands among these, from 1 on; put there if it is new.
size_t NumberOf(const std::vector<std::string>& list,
                std::vector<std::vector<std::string>>& lists) {
  const auto known = std::ranges::find(lists, list);
  const auto number = static_cast<size_t>(known - lists.begin()) + 1;
  if (known == lists.end()) lists.push_back(list);
  return number;
}

class Compiler {
 public:
  Compiler(uint64_t generation, const KnownAgents& agents) : known_agents_(agents) {
    out_.generation = generation;
  }

  Result<CompiledPolicies> Run(const std::vector<PolicyDocument>& policies) {
    for (const PolicyDocument& policy : policies) {
      const std::vector<Fault> unenforced = Unenforced(policy);
      if (unenforced.empty()) continue;
      return Error{ErrorCode::kUnimplemented, ToErrors(unenforced, policy.file)[0].message};
    }
    drafts_ = DraftRules(policies, kMaxRules);
    if (drafts_.size() > kMaxRules)
      return Error{
          ErrorCode::kResourceExhausted,
          "the policies have more than " + std::to_string(kMaxRules) +
              " rules together, which is what the kernel's tables hold (each port range of "
              "a rule counts, and each thing that an exception asks for); the first too "
              "many is " +
              NameOf(drafts_.back().rule)};
    if (Status placed = AddPlaces(); !placed) return placed.error();
    if (Status added = AddUsers(); !added) return added.error();
    if (Status added = AddAgents(); !added) return added.error();
    for (size_t rule = 0; rule < drafts_.size(); ++rule) AddRule(drafts_[rule], rule);
    for (const auto& [list, dfa] : {std::pair{&exec_path_, &out_.exec_path},
                                    {&argv_, &out_.argv},
                                    {&open_path_, &out_.open_path},
                                    {&unix_path_, &out_.unix_path},
                                    {&except_path_, &out_.except_path},
                                    {&dns_name_, &out_.dns_name}})
      if (Status built = Build(*list, *dfa); !built) return built.error();
    if (Status built = BuildCidrs(); !built) return built.error();
    if (Status built = BuildDigests(); !built) return built.error();
    if (Status possible = CheckPossible(); !possible) return possible.error();
    return std::move(out_);
  }

 private:
  static std::string NameOf(const CompiledRule& rule) {
    return "`" + rule.name + "` of policy `" + rule.policy + "`";
  }

  static Error TooMany(size_t most, std::string_view what, const RuleDraft& first) {
    return {ErrorCode::kResourceExhausted, "the policies have more than " + std::to_string(most) +
                                               " different " + std::string(what) +
                                               " together; the first too many is of policy `" +
                                               first.policy->name + "`"};
  }

  // Rules that ask for the same containers share a list.
  Status AddPlaces() {
    for (RuleDraft& draft : drafts_) {
      const std::vector<std::string>& containers = draft.policy->through.containers;
      if (containers.empty()) continue;
      draft.rule.through_place = NumberOf(containers, out_.places);
      if (out_.places.size() > kMaxPlaces)
        return TooMany(kMaxPlaces, "lists of `through.containers`", draft);
    }
    return {};
  }

  // Rules that ask for the same users share a list.
  Status AddUsers() {
    std::set<std::string_view> different;
    for (RuleDraft& draft : drafts_) {
      const std::vector<std::string>& users = draft.policy->users;
      if (users.empty()) continue;
      draft.rule.users = NumberOf(users, out_.user_lists);
      if (out_.user_lists.size() > kMaxUserLists)
        return TooMany(kMaxUserLists, "lists of `identity.users`", draft);
      different.insert(users.begin(), users.end());
      if (different.size() > kMaxUsers)
        return TooMany(kMaxUsers, "users in `identity.users`", draft);
    }
    return {};
  }

  // Rules that ask for the same agents share a list.
  Status AddAgents() {
    for (RuleDraft& draft : drafts_) {
      const std::vector<std::string>& agents = draft.policy->through.agents;
      if (agents.empty()) continue;
      draft.rule.through_agents = NumberOf(agents, out_.agent_lists);
      if (!known_agents_) continue;
      if (Status marked = MarkAgents(draft); !marked) return marked;
    }
    for (const Dfa* dfa : {&out_.marks.path, &out_.marks.run, &out_.marks.argv})
      if (Status taken = out_.marks.names.empty() ? Status() : room_.Take(*dfa, false); !taken)
        return taken.error().In("the patterns of agents");
    return {};
  }

  // What the kernel knows these agents by.
  Status MarkAgents(RuleDraft& draft) {
    const ThroughDocument& through = draft.policy->through;
    if (out_.marks.names.empty()) {
      const auto marks = known_agents_();
      if (!marks)
        return ToErrors({{through.agents_mark, marks.error().message}}, draft.policy->file)[0];
      out_.marks = **marks;
    }
    const Result<uint64_t> bits = BitsOf(through.agents, out_.marks);
    if (!bits)
      return ToErrors({{through.agents_mark, bits.error().message}}, draft.policy->file)[0];
    draft.rule.agents = *bits;
    return {};
  }

  // Where the paths of such rules are looked for; null: they have none.
  PatternList* PathsOf(RuleEvent event) {
    switch (event) {
      case RuleEvent::kExec:
        return &exec_path_;
      case RuleEvent::kOpen:
        return &open_path_;
      case RuleEvent::kConnect:
        return &unix_path_;
      case RuleEvent::kCredential:
      case RuleEvent::kNamespace:
      case RuleEvent::kTrace:
        break;
    }
    return nullptr;
  }

  void AddRule(const RuleDraft& draft, size_t rule) {
    if (PatternList* paths = PathsOf(draft.rule.event)) {
      paths->Add(draft.paths, rule, false);
      paths->Add(draft.less_paths, rule, true);
    }
    argv_.Add(draft.args, rule, false);
    argv_.Add(draft.less_args, rule, true);
    except_path_.Add(draft.spared, rule, false);
    dns_name_.Add(draft.names, rule, false);
    // What may be another pod's allowance, or its default, does not count for an unknown one.
    const bool of_all = draft.rule.selector.empty();
    const bool waits = draft.rule.action == Action::kAllow || draft.rule.is_default;
    out_.default_rules[rule] = draft.rule.while_unknown && (of_all || !waits);
    out_.rules.push_back(draft.rule);
  }

  // As far as the tables have room beside the automata that were built before.
  Result<Dfa> BuildFirst(const PatternList& list, size_t count) const {
    AutomatonBuilder builder;
    RuleBits excepted;
    for (const PatternList::Entry& entry : list.entries)
      if (entry.except) excepted.set(entry.rule);
    for (size_t i = 0; i < count; ++i) {
      const PatternList::Entry& entry = list.entries[i];
      // What an exception may take back counts only at the end.
      const auto beginning = list.hits && !excepted[entry.rule]
                                 ? BeginningOf(*entry.pattern, list.bytes)
                                 : std::nullopt;
      if (entry.except)
        builder.Except(*entry.pattern, entry.rule);
      else if (beginning)
        builder.AddBeginning(*beginning, entry.rule);
      else
        builder.Add(*entry.pattern, entry.rule);
    }
    Result<Dfa> dfa = builder.Build(NESTOR_DFA_STATES, room_.cells());
    if (!dfa) return dfa;
    TableRoom room = room_;
    if (Status taken = room.Take(*dfa, list.with_reach); !taken) return taken.error();
    return dfa;
  }

  Status Build(const PatternList& list, Dfa& dfa) {
    Result<Dfa> built = BuildFirst(list, list.entries.size());
    if (!built) return Blame(list, built.error());
    dfa = *std::move(built);
    return room_.Take(dfa, list.with_reach);
  }

  // The rules whose networks cover this one, and whose exceptions do not.
  RuleBits RulesOf(const Cidr& network) const {
    RuleBits rules;
    for (size_t rule = 0; rule < drafts_.size(); ++rule) {
      const auto covers = [&network](const Cidr& wider) { return wider.Covers(network); };
      const RuleDraft& draft = drafts_[rule];
      rules[rule] = std::any_of(draft.cidrs.begin(), draft.cidrs.end(), covers) &&
                    std::none_of(draft.less_cidrs.begin(), draft.less_cidrs.end(), covers);
    }
    return rules;
  }

  Status BuildCidrs() {
    for (const RuleDraft& draft : drafts_) {
      std::vector<Cidr> networks = draft.cidrs;
      networks.insert(networks.end(), draft.less_cidrs.begin(), draft.less_cidrs.end());
      for (const Cidr& cidr : networks) {
        const auto same = [&cidr](const CidrRule& known) {
          return Cidr{known.v6, known.bytes, known.prefix_len} == cidr;
        };
        if (std::any_of(out_.cidrs.begin(), out_.cidrs.end(), same)) continue;
        if (out_.cidrs.size() == NESTOR_MAX_CIDRS)
          return Error{ErrorCode::kResourceExhausted,
                       "the rules name more than " + std::to_string(NESTOR_MAX_CIDRS) +
                           " networks; the first too many is of rule " + NameOf(draft.rule)};
        out_.cidrs.push_back({cidr.v6, cidr.bytes, cidr.prefix_len, RulesOf(cidr)});
      }
    }
    return {};
  }

  Status BuildDigests() {
    for (size_t rule = 0; rule < drafts_.size(); ++rule) {
      for (const std::string& digest : drafts_[rule].rule.digests) out_.digests[digest].set(rule);
      if (out_.digests.size() > NESTOR_MAX_DIGESTS)
        return Error{ErrorCode::kResourceExhausted,
                     "the rules name more than " + std::to_string(NESTOR_MAX_DIGESTS) +
                         " digests; the first too many is of rule " + NameOf(drafts_[rule].rule)};
    }
    return {};
  }

  // A rule whose exceptions leave nothing of it would look like protection and be none.
  Status CheckPossible() const {
    const auto accepted = [](const Dfa& dfa) {
      RuleBits all;
      for (const RuleBits& bits : dfa.sets) all |= bits;
      return all;
    };
    const RuleBits path =
        accepted(out_.exec_path) | accepted(out_.open_path) | accepted(out_.unix_path);
    const RuleBits argv = accepted(out_.argv);
    RuleBits network = accepted(out_.dns_name);
    for (const CidrRule& cidr : out_.cidrs) network |= cidr.rules;
    for (size_t index = 0; index < drafts_.size(); ++index) {
      const CompiledRule& rule = drafts_[index].rule;
      const char* lacks = rule.need_path && !path[index]      ? "path"
                          : rule.need_argv && !argv[index]    ? "command line"
                          : rule.need_cidr && !network[index] ? "network"
                                                              : nullptr;
      if (!lacks) continue;
      const Fault fault{drafts_[index].mark, "rule `" + rule.name +
                                                 "` can match nothing: its exceptions leave no " +
                                                 lacks + " of it"};
      return ToErrors({fault}, drafts_[index].policy->file)[0];
    }
    return {};
  }

  // The pattern that needs most states alone. One that alone is too large ends the search.
  static size_t LargestOf(const PatternList& list, size_t count) {
    size_t largest = count - 1, states = 0;
    for (size_t i = 0; i < count; ++i) {
      AutomatonBuilder alone;
      alone.Add(*list.entries[i].pattern, 0);
      const Result<Dfa> dfa = alone.Build(NESTOR_DFA_STATES);
      if (!dfa) return i;
      if (dfa->next.size() <= states) continue;
      states = dfa->next.size();
      largest = i;
    }
    return largest;
  }

  // Finds the pattern that takes the union over the bound, and of those up to it the one whose
  // absence helps most often: the largest alone.
  Error Blame(const PatternList& list, const Error& reason) const {
    size_t good = 0, bad = list.entries.size();
    while (good + 1 < bad) {
      const size_t middle = (good + bad) / 2;
      (BuildFirst(list, middle).ok() ? good : bad) = middle;
    }
    const size_t last = list.entries[bad - 1].rule;
    const size_t largest = list.entries[LargestOf(list, bad)].rule;
    return {reason.code,
            std::string("the ") + list.kind +
                " patterns of all rules are too large for the kernel: " + reason.message +
                "; rule " + NameOf(out_.rules[last]) +
                " takes them over, the largest alone is rule " + NameOf(out_.rules[largest]) +
                "; fewer `*`, `**` and `.*` in one pattern make it smaller"};
  }

  const KnownAgents& known_agents_;
  CompiledPolicies out_;
  TableRoom room_;
  std::vector<RuleDraft> drafts_;
  PatternList exec_path_{"exec path", {}, false, true};
  PatternList argv_{"exec args", {}, false, true, AnyByte()};
  PatternList open_path_{"file path", {}, true, true};
  PatternList unix_path_{"unix path", {}};
  PatternList except_path_{"executable", {}};
  PatternList dns_name_{"DNS name", {}};
};

}  // namespace

Result<CompiledPolicies> Compile(const std::vector<PolicyDocument>& policies, uint64_t generation,
                                 const KnownAgents& agents) {
  return Compiler(generation, agents).Run(policies);
}

uint64_t PlacesOf(const CompiledPolicies& policies, const Workload& workload) {
  if (workload.host()) return 0;
  if (workload.pending) return kUnknownPlaces;
  uint64_t places = 0;
  for (size_t i = 0; i < policies.places.size(); ++i)
    if (IsOneOf(policies.places[i], workload)) places |= uint64_t{1} << i;
  return places;
}

RuleBits RulesFor(const CompiledPolicies& policies, const Workload& workload,
                  const std::map<std::string, std::string>& labels) {
  if (workload.host()) return {};
  if (workload.pending) return policies.default_rules;
  RuleBits rules;
  for (size_t i = 0; i < policies.rules.size(); ++i) {
    const CompiledRule& rule = policies.rules[i];
    rules[i] = Selects(rule.selector, workload, labels) &&
               std::none_of(rule.except.begin(), rule.except.end(), [&](const auto& selector) {
                 return Selects(selector, workload, labels);
               });
  }
  return rules;
}

}  // namespace nestor
