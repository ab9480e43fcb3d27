// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "agent/policy/automaton_difference.h"
#include "agent/policy/compile.h"
#include "agent/policy/expiry.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/policy/source.h"
#include "tools/nestorctl/shell_quote.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// One thing that changes: of a policy, or of one of its rules.
struct Change {
  char sign = '~';  // + new, - gone, ~ other
  std::string policy;
  std::string rule;  // empty: of the policy itself
  std::string what;
};

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

std::string TextOf(const WorkloadSelector& selector) {
  std::string text;
  const auto add = [&text](const char* key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    if (!text.empty()) text += "; ";
    text.append(key).append(" ").append(Joined(values));
  };
  add("namespaces", selector.namespaces);
  add("pods", selector.pods);
  add("containers", selector.containers);
  add("images", selector.images);
  for (const auto& [key, value] : selector.labels)
    add("label", {std::string(key).append("=").append(value)});
  static const char* const kOperators[] = {"In", "NotIn", "Exists", "DoesNotExist"};
  for (const LabelExpression& expression : selector.expressions)
    add(std::string("label ")
            .append(expression.key)
            .append(" ")
            .append(kOperators[static_cast<size_t>(expression.op)])
            .c_str(),
        expression.values.empty() ? std::vector<std::string>{"any"} : expression.values);
  return text.empty() ? "all pods" : text;
}

std::string OriginsOf(uint32_t mask) {
  std::vector<std::string> words;
  for (const std::string_view word : OriginWords())
    if (mask >> static_cast<unsigned>(*HopKindFromName(word)) & 1) words.emplace_back(word);
  return words.empty() ? "any" : Joined(words);
}

std::string HopsOf(uint32_t kinds) {
  std::vector<std::string> words;
  for (const std::string_view word : HopWords())
    if (kinds >> static_cast<unsigned>(*HopKindFromName(word)) & 1) words.emplace_back(word);
  return words.empty() ? "any" : Joined(words);
}

std::string NamesOf(const std::vector<std::string>& names) {
  return names.empty() ? "any" : Joined(names);
}

std::string DepthsOf(const PolicyDocument& policy) {
  return std::to_string(policy.min_depth) + " to " +
         (policy.max_depth == 0xffffffff ? "any" : std::to_string(policy.max_depth));
}

std::string TextOf(const Cidr& cidr) {
  return FormatAddress(cidr) + "/" + std::to_string(cidr.prefix_len);
}

std::string TextOf(const std::vector<Cidr>& cidrs) {
  std::set<std::string> texts;
  for (const Cidr& cidr : cidrs) texts.insert(TextOf(cidr));
  return Joined({texts.begin(), texts.end()});
}

std::string TextOf(const std::vector<PortRange>& ports) {
  std::vector<std::string> texts;
  texts.reserve(ports.size());
  for (const PortRange& range : ports)
    texts.push_back(range.min == range.max
                        ? std::to_string(range.min)
                        : std::to_string(range.min) + "-" + std::to_string(range.max));
  return ports.empty() ? "any" : Joined(texts);
}

std::string AccessOf(uint8_t access) {
  return access == 1 ? "read" : access == 2 ? "write" : access == 4 ? "link" : "any";
}

std::string TraitsOf(uint8_t traits) {
  std::vector<std::string> words;
  for (size_t i = 0; i < TraitWords().size(); ++i)
    if (traits & BitOf(static_cast<ExecTrait>(i))) words.emplace_back(TraitWords()[i]);
  return words.empty() ? "any" : Joined(words);
}

std::string DigestsOf(const std::vector<std::string>& digests) {
  return digests.empty() ? "any" : Joined(digests);
}

std::string OriginOf(std::optional<Provenance> provenance) {
  if (!provenance) return "any";
  return provenance == Provenance::kImage ? "image" : "added";
}

// Exceptions by what is not a pattern of the rule itself: those show in the automata.
std::string ExceptionsOf(const RuleDocument& rule) {
  std::set<std::string> texts;
  for (const ExceptionDocument& exception : rule.exceptions) {
    std::string text;
    if (!exception.selector.empty()) text += "for " + TextOf(exception.selector);
    if (!exception.cidrs.empty()) text += (text.empty() ? "" : " and ") + TextOf(exception.cidrs);
    if (exception.until) text += " until " + FormatDay(*exception.until);
    if (!text.empty()) texts.insert(text);
  }
  return Joined({texts.begin(), texts.end()});
}

class Difference {
 public:
  std::vector<Change> Between(const std::map<std::string, PolicyDocument>& before,
                              const std::map<std::string, PolicyDocument>& after) {
    for (const auto& [name, policy] : before)
      if (!after.contains(name)) Add('-', name, "", Summary(policy));
    for (const auto& [name, policy] : after) {
      const auto old = before.find(name);
      if (old == before.end())
        Add('+', name, "", Summary(policy));
      else
        Policies(old->second, policy);
    }
    return std::move(changes_);
  }

 private:
  static std::string Summary(const PolicyDocument& policy) {
    return Count(policy.rules.size(), "rule", "rules") + ", mode " +
           std::string(Name(policy.mode)) + ", for " + TextOf(policy.selector);
  }

  static std::string Summary(const RuleDocument& rule) {
    return std::string(Name(rule.action)) + " " + std::string(Name(rule.event));
  }

  void Add(char sign, const std::string& policy, const std::string& rule, std::string what) {
    changes_.push_back({sign, policy, rule, std::move(what)});
  }

  void Field(const std::string& policy, const std::string& rule, const char* field,
             const std::string& before, const std::string& after) {
    if (before != after)
      Add('~', policy, rule, std::string(field) + ": " + before + " -> " + after);
  }

  void Policies(const PolicyDocument& a, const PolicyDocument& b) {
    Field(b.name, "", "mode", std::string(Name(a.mode)), std::string(Name(b.mode)));
    Field(b.name, "", "default", a.default_deny ? "deny" : "allow",
          b.default_deny ? "deny" : "allow");
    Field(b.name, "", "selector", TextOf(a.selector), TextOf(b.selector));
    Field(b.name, "", "whileUnknown", a.while_unknown ? "apply" : "skip",
          b.while_unknown ? "apply" : "skip");
    Field(b.name, "", "origins", OriginsOf(a.origin_mask), OriginsOf(b.origin_mask));
    Field(b.name, "", "through hops", HopsOf(a.through.hops), HopsOf(b.through.hops));
    Field(b.name, "", "through containers", NamesOf(a.through.containers),
          NamesOf(b.through.containers));
    Field(b.name, "", "through agents", NamesOf(a.through.agents), NamesOf(b.through.agents));
    Field(b.name, "", "users", NamesOf(a.users), NamesOf(b.users));
    Field(b.name, "", "depth", DepthsOf(a), DepthsOf(b));
    std::map<std::string, const RuleDocument*> old;
    for (const RuleDocument& rule : a.rules) old[rule.name] = &rule;
    for (const RuleDocument& rule : b.rules) {
      const auto found = old.find(rule.name);
      if (found == old.end()) {
        Add('+', b.name, rule.name, Summary(rule));
        continue;
      }
      Rules(a, *found->second, b, rule);
      old.erase(found);
    }
    for (const auto& [name, rule] : old) Add('-', b.name, name, Summary(*rule));
  }

  void Rules(const PolicyDocument& a_policy, const RuleDocument& a, const PolicyDocument& b_policy,
             const RuleDocument& b) {
    const std::string& policy = b_policy.name;
    Field(policy, b.name, "about", std::string(Name(a.event)), std::string(Name(b.event)));
    Field(policy, b.name, "action", std::string(Name(a.action)), std::string(Name(b.action)));
    Field(policy, b.name, "message", a.message, b.message);
    Field(policy, b.name, "severity", a.severity, b.severity);
    Field(policy, b.name, "tags", Joined(a.tags), Joined(b.tags));
    Field(policy, b.name, "onTruncated", a.on_truncated == OnTruncated::kDeny ? "deny" : "audit",
          b.on_truncated == OnTruncated::kDeny ? "deny" : "audit");
    if (a.event != b.event) return;
    Field(policy, b.name, "is", TraitsOf(a.traits), TraitsOf(b.traits));
    Field(policy, b.name, "from", OriginOf(a.provenance), OriginOf(b.provenance));
    Field(policy, b.name, "sha256", DigestsOf(a.digests), DigestsOf(b.digests));
    Field(policy, b.name, "access", AccessOf(a.access), AccessOf(b.access));
    Field(policy, b.name, "cidrs", TextOf(a.cidrs), TextOf(b.cidrs));
    Field(policy, b.name, "ports", TextOf(a.ports), TextOf(b.ports));
    Field(policy, b.name, "exceptions", ExceptionsOf(a), ExceptionsOf(b));
    Patterns(a_policy, a, b_policy, b);
  }

  static Result<CompiledPolicies> Alone(PolicyDocument policy, const RuleDocument& rule) {
    policy.rules = {rule};
    policy.default_deny = false;
    return Compile({std::move(policy)}, 1);
  }

  // What is matched and was not, and the other way round, with an example of each.
  void Patterns(const PolicyDocument& a_policy, const RuleDocument& a,
                const PolicyDocument& b_policy, const RuleDocument& b) {
    const auto before = Alone(a_policy, a);
    const auto after = Alone(b_policy, b);
    if (!before || !after) return;  // refused already where the files are read
    for (const auto& [what, dfa] : {std::pair{"program", &CompiledPolicies::exec_path},
                                    {"command", &CompiledPolicies::argv},
                                    {"file", &CompiledPolicies::open_path},
                                    {"socket", &CompiledPolicies::unix_path},
                                    {"spared executable", &CompiledPolicies::except_path},
                                    {"name", &CompiledPolicies::dns_name}}) {
      Example("now also ", what, *after, *before, dfa, b_policy, b);
      Example("no longer ", what, *before, *after, dfa, b_policy, b);
    }
  }

  void Example(const char* change, const char* what, const CompiledPolicies& wide,
               const CompiledPolicies& narrow, Dfa CompiledPolicies::* dfa,
               const PolicyDocument& policy, const RuleDocument& rule) {
    const auto last = dfa == &CompiledPolicies::argv ? std::optional<uint8_t>(0) : std::nullopt;
    const auto text = FindDifference(wide.*dfa, narrow.*dfa, last);
    if (!text) return;
    std::string shown;
    std::string_view rest = *text;
    if (dfa != &CompiledPolicies::argv) {
      shown = ShellQuote(rest);
    } else {
      for (size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
        shown += (shown.empty() ? "" : " ") + ShellQuote(rest.substr(0, end));
        rest.remove_prefix(end + 1);
      }
    }
    Add('~', policy.name, rule.name, std::string(change) + what + " such as " + shown);
  }

  std::vector<Change> changes_;
};

Result<std::map<std::string, PolicyDocument>> ReadPolicies(const std::string& path) {
  const auto sources = ReadSources({path});
  if (!sources) return sources.error();
  std::map<std::string, PolicyDocument> policies;
  for (const PolicySource& source : *sources) {
    if (!source.faults.empty()) return ToErrors(source.faults, source.file).front();
    for (const PolicyDocument& policy : source.policies) policies.emplace(policy.name, policy);
  }
  return policies;
}

std::vector<Line> RenderChanges(const std::vector<Change>& changes) {
  std::vector<Line> lines;
  std::string policy, rule;
  for (const Change& change : changes) {
    const Style style = change.sign == '+'   ? Style::kGood
                        : change.sign == '-' ? Style::kBad
                                             : Style::kWarning;
    const bool of_rule = !change.rule.empty();
    if (change.policy != policy) {
      const bool whole = !of_rule && change.sign != '~';
      lines.push_back(Line()
                          .Add(whole ? std::string(1, change.sign) + " " : "~ ",
                               whole ? style : Style::kWarning)
                          .Add(change.policy, Style::kName)
                          .Add(whole ? "  " + change.what : "", Style::kDim));
      policy = change.policy;
      rule.clear();
      if (whole) continue;
    }
    if (of_rule && change.rule != rule) {
      lines.push_back(Line()
                          .Add("    " + std::string(1, change.sign) + " ", style)
                          .Add(change.rule, Style::kName)
                          .Add(change.sign == '~' ? "" : "  " + change.what, Style::kDim));
      rule = change.rule;
      if (change.sign != '~') continue;
    }
    lines.push_back(Line().Add((of_rule ? "        " : "    ") + change.what));
  }
  if (lines.empty())
    lines.push_back(Line().Add("the same: no act is judged otherwise", Style::kGood));
  return lines;
}

}  // namespace

Result<int> RunPolicyDiff(Session& session) {
  const auto before = ReadPolicies(session.options.policy.before);
  if (!before) return before.error();
  const auto after = ReadPolicies(session.options.policy.after);
  if (!after) return after.error();
  const std::vector<Change> changes = Difference().Between(*before, *after);
  Status printed;
  if (session.format == Format::kText) {
    printed = PrintLines(session, RenderChanges(changes));
  } else {
    for (const Change& change : changes) {
      printed = PrintObject(session, {{"change", std::string(1, change.sign)},
                                      {"policy", change.policy},
                                      {"rule", change.rule},
                                      {"what", change.what}});
      if (!printed) break;
    }
  }
  if (!printed) return printed.error();
  return changes.empty() ? kExitOk : kExitFailure;
}

}  // namespace nestor::ctl
