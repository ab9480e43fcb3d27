// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/rule_drafts.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace nestor {
namespace {

// The place of a rule among those of equal specificity.
int Precedence(const CompiledRule& rule) {
  if (rule.is_default) return 3;
  switch (rule.action) {
    case Action::kKill:
      return 0;
    case Action::kAllow:
      return 2;
    case Action::kNone:
    case Action::kAudit:
    case Action::kDeny:
      break;
  }
  return 1;
}

bool DecidesBefore(const RuleDraft& a, const RuleDraft& b) {
  return std::tuple(b.rule.specificity, Precedence(a.rule), a.order) <
         std::tuple(a.rule.specificity, Precedence(b.rule), b.order);
}

void Add(const std::vector<NamedPattern>& patterns, std::vector<const Pattern*>& to) {
  for (const NamedPattern& named : patterns) to.push_back(&named.pattern);
}

const Pattern* Anything() {
  static const Pattern kAnything = {RepeatOf(AnyByte())};
  return &kAnything;
}

RuleDraft Begin(const PolicyDocument& policy, RuleEvent event) {
  RuleDraft draft;
  draft.policy = &policy;
  draft.mark = policy.mark;
  CompiledRule& rule = draft.rule;
  rule.policy = policy.name;
  rule.event = event;
  rule.mode = policy.mode;
  rule.specificity = SpecificityOf(policy.selector);
  rule.min_depth = policy.min_depth;
  rule.max_depth = policy.max_depth;
  rule.origin_mask = policy.origin_mask;
  rule.through_hops = policy.through.hops;
  rule.selector = policy.selector;
  rule.while_unknown = policy.while_unknown;
  return draft;
}

RuleDraft Begin(const PolicyDocument& policy, const RuleDocument& document) {
  RuleDraft draft = Begin(policy, document.event);
  draft.mark = document.mark;
  CompiledRule& rule = draft.rule;
  rule.name = document.name;
  rule.message = document.message;
  rule.severity = document.severity;
  rule.tags = document.tags;
  rule.action = document.action;
  rule.on_truncated = document.on_truncated;
  rule.access = document.access;
  rule.operations = document.crossing.operations;
  rule.kinds = document.crossing.kinds;
  rule.capabilities = document.crossing.capabilities;
  rule.digests = document.digests;
  rule.provenance = document.provenance;
  rule.traits = document.traits;
  return draft;
}

// A rule before its exceptions.
std::vector<RuleDraft> WithoutExceptions(const PolicyDocument& policy, const RuleDocument& rule) {
  std::vector<RuleDraft> drafts;
  for (const uint32_t uid : rule.crossing.to_uids)
    drafts.emplace_back(Begin(policy, rule)).rule.to_uid = uid;
  if (!drafts.empty()) return drafts;
  if (rule.event != RuleEvent::kConnect) {
    RuleDraft& draft = drafts.emplace_back(Begin(policy, rule));
    Add(rule.paths, draft.paths);
    Add(rule.args, draft.args);
    return drafts;
  }
  if (!rule.unix_paths.empty()) {
    RuleDraft& draft = drafts.emplace_back(Begin(policy, rule));
    draft.unix_socket = true;
    Add(rule.unix_paths, draft.paths);
  }
  if (rule.cidrs.empty() && rule.names.empty() && rule.ports.empty()) return drafts;
  const std::vector<PortRange> ports = rule.ports.empty() ? std::vector<PortRange>{{}} : rule.ports;
  for (const PortRange& range : ports) {
    RuleDraft& draft = drafts.emplace_back(Begin(policy, rule));
    draft.rule.port_min = range.min;
    draft.rule.port_max = range.max;
    draft.cidrs = rule.cidrs;
    Add(rule.names, draft.names);
  }
  return drafts;
}

void Join(const std::vector<NamedPattern>& patterns, std::vector<const Pattern*>& less,
          std::vector<const Pattern*>& of) {
  if (of.empty()) of.push_back(Anything());
  Add(patterns, less);
}

// `draft` without what the exception is for. "Not all of these" is "not this one, or not that
// one": a rule for each thing that the exception asks for.
void AddWithout(const RuleDraft& draft, const ExceptionDocument& exception,
                std::vector<RuleDraft>& out) {
  const bool inet = draft.rule.event == RuleEvent::kConnect && !draft.unix_socket;
  const bool other_socket = inet ? !exception.paths.empty() : !exception.cidrs.empty();
  if (other_socket) {  // never meets this rule
    out.push_back(draft);
    return;
  }
  if (!exception.selector.empty()) {
    out.push_back(draft);
    out.back().rule.except.push_back(exception.selector);
  }
  if (!exception.executables.empty()) {
    out.push_back(draft);
    Add(exception.executables, out.back().spared);
  }
  if (!exception.paths.empty()) {
    out.push_back(draft);
    Join(exception.paths, out.back().less_paths, out.back().paths);
  }
  if (!exception.args.empty()) {
    out.push_back(draft);
    Join(exception.args, out.back().less_args, out.back().args);
  }
  if (!exception.cidrs.empty()) {
    out.push_back(draft);
    RuleDraft& less = out.back();
    if (less.cidrs.empty()) less.cidrs = {{}, {.v6 = true}};
    less.less_cidrs.insert(less.less_cidrs.end(), exception.cidrs.begin(), exception.cidrs.end());
  }
}

std::vector<RuleDraft> DraftRule(const PolicyDocument& policy, const RuleDocument& rule,
                                 size_t most) {
  std::vector<RuleDraft> drafts = WithoutExceptions(policy, rule);
  for (const ExceptionDocument& exception : rule.exceptions) {
    std::vector<RuleDraft> less;
    for (const RuleDraft& draft : drafts) {
      AddWithout(draft, exception, less);
      if (less.size() > most) break;
    }
    drafts = std::move(less);
  }
  return drafts;
}

// What `default: deny` says of one kind of act.
void AddDefault(const PolicyDocument& policy, RuleEvent event, std::vector<RuleDraft>& out) {
  const size_t begin = out.size();
  out.push_back(Begin(policy, event));
  switch (event) {
    case RuleEvent::kOpen:
      out.back().paths.push_back(Anything());
      break;
    case RuleEvent::kConnect:
      out.push_back(Begin(policy, event));
      out.back().unix_socket = true;
      out.back().paths.push_back(Anything());
      break;
    case RuleEvent::kExec:
    case RuleEvent::kCredential:
    case RuleEvent::kNamespace:
    case RuleEvent::kTrace:
      break;  // what asks for nothing is any
  }
  for (size_t i = begin; i < out.size(); ++i) {
    out[i].rule.name = kDefaultRule;
    out[i].rule.message = "not allowed by policy " + policy.name;
    out[i].rule.is_default = true;
  }
}

}  // namespace

std::vector<RuleDraft> DraftRules(const std::vector<PolicyDocument>& policies, size_t most) {
  std::vector<RuleDraft> drafts;
  for (const PolicyDocument& policy : policies) {
    std::set<RuleEvent> allowed;
    for (const RuleDocument& rule : policy.rules) {
      if (drafts.size() > most) return drafts;
      std::vector<RuleDraft> more = DraftRule(policy, rule, most);
      drafts.insert(drafts.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
      if (rule.action == Action::kAllow) allowed.insert(rule.event);
    }
    if (!policy.default_deny) continue;
    for (const RuleEvent event : allowed) AddDefault(policy, event, drafts);
  }
  for (size_t i = 0; i < drafts.size(); ++i) {
    RuleDraft& draft = drafts[i];
    draft.order = i;
    draft.rule.file = draft.policy->file;
    draft.rule.line = draft.mark.line;
    draft.rule.need_path = !draft.paths.empty();
    draft.rule.need_argv = !draft.args.empty();
    draft.rule.need_cidr = !draft.cidrs.empty() || !draft.names.empty();
    draft.rule.asks_name = !draft.names.empty();
    draft.rule.spares = !draft.spared.empty();
  }
  std::sort(drafts.begin(), drafts.end(), DecidesBefore);
  return drafts;
}

}  // namespace nestor
