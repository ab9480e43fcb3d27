// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/compile.h"

#include <algorithm>
#include <string>

#include "agent/policy/automaton.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

static_assert(kMaxRules == NESTOR_MAX_RULES);

// The patterns of one kind, with the rule of each, until all rules are known.
struct PatternList {
  const char* kind;
  std::vector<std::pair<const Pattern*, size_t>> patterns;

  void Add(const std::vector<Pattern>& more, size_t rule) {
    for (const Pattern& pattern : more) patterns.emplace_back(&pattern, rule);
  }
};

class Compiler {
 public:
  explicit Compiler(uint64_t generation) { out_.generation = generation; }

  Result<CompiledPolicies> Run(const std::vector<PolicyDocument>& policies) {
    for (const PolicyDocument& policy : policies)
      for (const RuleDocument& rule : policy.rules) AddRule(policy, rule);
    if (out_.rules.size() > kMaxRules)
      return Error{ErrorCode::kResourceExhausted,
                   "the policies have " + std::to_string(out_.rules.size()) +
                       " rules together, the kernel's tables hold " + std::to_string(kMaxRules) +
                       " (each port range of a rule counts); the first too many is " +
                       NameOf(kMaxRules)};
    for (size_t rule = 0; rule < out_.rules.size(); ++rule)
      out_.default_rules[rule] = out_.rules[rule].while_unknown;
    for (const auto& [list, dfa] : {std::pair{&exec_path_, &out_.exec_path},
                                    {&argv_, &out_.argv},
                                    {&open_path_, &out_.open_path},
                                    {&unix_path_, &out_.unix_path},
                                    {&except_path_, &out_.except_path}})
      if (Status built = Build(*list, *dfa); !built) return built.error();
    if (Status built = BuildCidrs(); !built) return built.error();
    return std::move(out_);
  }

 private:
  std::string NameOf(size_t rule) const {
    return "`" + out_.rules[rule].name + "` of policy `" + out_.rules[rule].policy + "`";
  }

  CompiledRule& NewRule(const PolicyDocument& policy, const RuleDocument& rule) {
    CompiledRule& compiled = out_.rules.emplace_back();
    compiled.policy = policy.name;
    compiled.name = rule.name;
    compiled.message = rule.message;
    compiled.event = rule.event;
    compiled.action = rule.action;
    compiled.mode = policy.mode;
    compiled.min_depth = policy.min_depth;
    compiled.max_depth = policy.max_depth;
    compiled.origin_mask = policy.origin_mask;
    compiled.access = rule.access;
    compiled.selector = policy.selector;
    compiled.while_unknown = policy.while_unknown;
    return compiled;
  }

  // Past the bound a rule is only counted: its bit would not fit.
  size_t Last() const { return std::min(out_.rules.size(), kMaxRules) - 1; }

  void AddRule(const PolicyDocument& policy, const RuleDocument& rule) {
    if (rule.event == RuleEvent::kConnect) return AddConnectRule(policy, rule);
    CompiledRule& compiled = NewRule(policy, rule);
    compiled.need_path = !rule.paths.empty();
    compiled.need_argv = !rule.args.empty();
    (rule.event == RuleEvent::kExec ? exec_path_ : open_path_).Add(rule.paths, Last());
    argv_.Add(rule.args, Last());
    except_path_.Add(rule.exceptions, Last());
  }

  void AddConnectRule(const PolicyDocument& policy, const RuleDocument& rule) {
    if (!rule.unix_paths.empty()) {
      NewRule(policy, rule).need_path = true;
      unix_path_.Add(rule.unix_paths, Last());
    }
    if (rule.cidrs.empty() && rule.ports.empty()) return;
    const std::vector<PortRange> ports =
        rule.ports.empty() ? std::vector<PortRange>{{}} : rule.ports;
    for (const PortRange& range : ports) {
      CompiledRule& compiled = NewRule(policy, rule);
      compiled.need_cidr = !rule.cidrs.empty();
      compiled.port_min = range.min;
      compiled.port_max = range.max;
      for (const Cidr& cidr : rule.cidrs) cidrs_.emplace_back(cidr, Last());
    }
  }

  static Result<Dfa> BuildFirst(const PatternList& list, size_t count) {
    AutomatonBuilder builder;
    for (size_t i = 0; i < count; ++i)
      builder.Add(*list.patterns[i].first, list.patterns[i].second);
    return builder.Build(NESTOR_DFA_STATES);
  }

  Status Build(const PatternList& list, Dfa& dfa) {
    Result<Dfa> built = BuildFirst(list, list.patterns.size());
    if (!built) return Blame(list, built.error());
    dfa = *std::move(built);
    return {};
  }

  Status BuildCidrs() {
    for (const auto& [cidr, rule] : cidrs_) {
      const auto same = [&network = cidr](const CidrRule& known) {
        return Cidr{known.v6, known.bytes, known.prefix_len} == network;
      };
      if (std::any_of(out_.cidrs.begin(), out_.cidrs.end(), same)) continue;
      CidrRule& entry = out_.cidrs.emplace_back();
      entry.v6 = cidr.v6;
      entry.bytes = cidr.bytes;
      entry.prefix_len = cidr.prefix_len;
      for (const auto& [wider, of_rule] : cidrs_)
        if (wider.Covers(cidr)) entry.rules.set(of_rule);
      if (out_.cidrs.size() > NESTOR_MAX_CIDRS)
        return Error{ErrorCode::kResourceExhausted,
                     "the rules name more than " + std::to_string(NESTOR_MAX_CIDRS) +
                         " networks; the first too many is of rule " + NameOf(rule)};
    }
    return {};
  }

  // Finds the pattern that takes the union over the bound, and of those before it the one whose
  // absence helps most often: the largest alone.
  Error Blame(const PatternList& list, const Error& reason) const {
    size_t good = 0, bad = list.patterns.size();
    while (good + 1 < bad) {
      const size_t middle = (good + bad) / 2;
      (BuildFirst(list, middle).ok() ? good : bad) = middle;
    }
    size_t largest = bad - 1, states = 0;
    for (size_t i = 0; i < bad; ++i) {
      AutomatonBuilder alone;
      alone.Add(*list.patterns[i].first, list.patterns[i].second);
      const Result<Dfa> dfa = alone.Build(NESTOR_DFA_STATES);
      const size_t size = dfa ? dfa->next.size() : NESTOR_DFA_STATES + 1;
      if (size > states) {
        states = size;
        largest = i;
      }
    }
    return {reason.code, std::string("the ") + list.kind +
                             " patterns of all rules are too large for "
                             "the kernel: " +
                             reason.message + "; rule " + NameOf(list.patterns[bad - 1].second) +
                             " takes them over, the largest alone is rule " +
                             NameOf(list.patterns[largest].second) +
                             "; fewer `*` and `**` in one pattern make it smaller"};
  }

  CompiledPolicies out_;
  PatternList exec_path_{"exec path", {}};
  PatternList argv_{"exec args", {}};
  PatternList open_path_{"file path", {}};
  PatternList unix_path_{"unix path", {}};
  std::vector<std::pair<Cidr, size_t>> cidrs_;
  PatternList except_path_{"exceptExecutables", {}};
};

bool AnyMatches(const std::vector<std::string>& globs, const std::string& value) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&value](const std::string& glob) {
    const Result<Pattern> pattern = ParseGlob(glob, GlobKind::kArgument);
    return pattern && PatternMatches(*pattern, value);
  });
}

bool Selects(const WorkloadSelector& selector, const Workload& workload,
             const std::map<std::string, std::string>& labels) {
  if (!AnyMatches(selector.namespaces, workload.namespace_name)) return false;
  if (!AnyMatches(selector.pods, workload.pod)) return false;
  if (!AnyMatches(selector.containers, workload.container)) return false;
  return std::all_of(selector.labels.begin(), selector.labels.end(), [&labels](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && AnyMatches({wanted.second}, found->second);
  });
}

}  // namespace

Result<CompiledPolicies> Compile(const std::vector<PolicyDocument>& policies, uint64_t generation) {
  return Compiler(generation).Run(policies);
}

RuleBits RulesFor(const CompiledPolicies& policies, const Workload& workload,
                  const std::map<std::string, std::string>& labels) {
  if (workload.host()) return {};
  if (workload.pending) return policies.default_rules;
  RuleBits rules;
  for (size_t i = 0; i < policies.rules.size(); ++i)
    rules[i] = Selects(policies.rules[i].selector, workload, labels);
  return rules;
}

}  // namespace nestor
