// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/document.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "agent/policy/node_reader.h"
#include "agent/policy/pattern_reader.h"
#include "agent/policy/rule_reader.h"
#include "agent/policy/selector_reader.h"
#include "agent/policy/test_reader.h"
#include "agent/policy/way_reader.h"

namespace nestor {
namespace {

class PolicyReader {
 public:
  PolicyReader(NodeReader& reader, const std::string& file) : reader_(reader) {
    policy_.file = file;
  }

  PolicyDocument Read(const YamlNode& root);

 private:
  void ReadSpec(const YamlNode& spec);
  void ReadSelector(const YamlNode& node);
  void ReadChain(const YamlNode& node);
  void ReadOrigins(const YamlNode& node);
  void ReadThrough(const YamlNode& node);
  void ReadRules(const YamlNode& node, OnTruncated on_truncated);
  void CheckTests();

  NodeReader& reader_;
  PolicyDocument policy_;
};

PolicyDocument PolicyReader::Read(const YamlNode& root) {
  policy_.mark = root.mark;
  reader_.IsMap(root, "a policy", {"apiVersion", "kind", "metadata", "spec", "tests"});
  const YamlNode* metadata = reader_.Need(root, "metadata");
  if (metadata && reader_.IsMap(*metadata, "metadata", {"name"}))
    policy_.name = reader_.Name(*metadata, "the policy's name");
  const YamlNode* spec = reader_.Need(root, "spec");
  if (spec && reader_.IsMap(*spec, "spec",
                            {"mode", "default", "onTruncated", "selector", "chain", "rules"}))
    ReadSpec(*spec);
  if (const YamlNode* tests = reader_.Find(root, "tests")) {
    policy_.tests = ReadTests(reader_, *tests);
    CheckTests();
  }
  return std::move(policy_);
}

void PolicyReader::ReadSpec(const YamlNode& spec) {
  if (const YamlNode* mode = reader_.Find(spec, "mode")) {
    policy_.mode_mark = mode->mark;
    const auto word = reader_.Word(*mode, "mode", {"audit", "enforce"});
    policy_.mode = word && *word == "enforce" ? Mode::kEnforce : Mode::kAudit;
  }
  auto on_truncated = OnTruncated::kDeny;
  if (const YamlNode* truncated = reader_.Find(spec, "onTruncated"))
    on_truncated = ReadOnTruncated(reader_, *truncated);
  if (const YamlNode* selector = reader_.Find(spec, "selector")) ReadSelector(*selector);
  if (const YamlNode* chain = reader_.Find(spec, "chain")) ReadChain(*chain);
  if (const YamlNode* rules = reader_.Need(spec, "rules")) ReadRules(*rules, on_truncated);
  const YamlNode* otherwise = reader_.Find(spec, "default");
  if (!otherwise) return;
  const auto word = reader_.Word(*otherwise, "default", {"allow", "deny"});
  policy_.default_deny = word && *word == "deny";
  const bool allows = std::any_of(policy_.rules.begin(), policy_.rules.end(),
                                  [](const auto& rule) { return rule.action == Action::kAllow; });
  if (policy_.default_deny && !allows)
    reader_.Fail(otherwise->mark,
                 "default: deny is for the kinds of acts that an `action: allow` "
                 "rule of this policy is about, and there is none");
}

void PolicyReader::ReadSelector(const YamlNode& node) {
  WordList fields = WorkloadFields();
  fields.emplace_back("whileUnknown");
  if (!reader_.IsMap(node, "selector", fields)) return;
  policy_.selector = ReadWorkload(reader_, node);
  if (const YamlNode* unknown = reader_.Find(node, "whileUnknown"))
    if (const auto word = reader_.Word(*unknown, "whileUnknown", {"apply", "skip"}))
      policy_.while_unknown = *word == "apply";
}

void PolicyReader::ReadOrigins(const YamlNode& node) {
  for (const YamlNode& item : reader_.List(node, "origins"))
    if (const auto word = reader_.Word(item, "an origin", OriginWords()))
      policy_.origin_mask |= 1U << static_cast<unsigned>(*HopKindFromName(*word));
}

void PolicyReader::ReadThrough(const YamlNode& node) {
  if (!reader_.IsMap(node, "through", {"containers", "hops", "agents"})) return;
  if (const YamlNode* list = reader_.Find(node, "containers"))
    policy_.through.containers = ReadContainers(reader_, *list);
  if (const YamlNode* list = reader_.Find(node, "agents")) {
    policy_.features.push_back({Feature::kThroughAgents, list->mark});
    policy_.through.agents_mark = list->mark;
    policy_.through.agents = ReadNames(reader_, *list, "agents");
  }
  if (const YamlNode* list = reader_.Find(node, "hops"))
    policy_.through.hops = ReadHopKinds(reader_, *list);
  if (node.entries.empty())
    reader_.Fail(node.mark, "through needs `containers`, `hops` or `agents`");
}

void PolicyReader::ReadChain(const YamlNode& node) {
  constexpr uint32_t kDeepest = 1000000;
  if (!reader_.IsMap(node, "chain", {"origins", "through", "minDepth", "maxDepth", "identity"}))
    return;
  if (const YamlNode* identity = reader_.Find(node, "identity")) {
    policy_.features.push_back({Feature::kIdentity, identity->mark});
    policy_.users = ReadIdentity(reader_, *identity);
  }
  if (const YamlNode* origins = reader_.Find(node, "origins")) ReadOrigins(*origins);
  if (const YamlNode* through = reader_.Find(node, "through")) ReadThrough(*through);
  if (const YamlNode* depth = reader_.Find(node, "minDepth"))
    policy_.min_depth = reader_.Number(*depth, "minDepth", kDeepest).value_or(0);
  const YamlNode* depth = reader_.Find(node, "maxDepth");
  const auto most = depth ? reader_.Number(*depth, "maxDepth", kDeepest) : std::nullopt;
  if (!most) return;
  policy_.max_depth = *most;
  if (policy_.max_depth < policy_.min_depth)
    reader_.Fail(depth->mark, "maxDepth is below minDepth: no chain can be both");
}

void PolicyReader::ReadRules(const YamlNode& node, OnTruncated on_truncated) {
  std::map<std::string, int> line_of;
  for (const YamlNode& item : reader_.List(node, "rules")) {
    RuleDocument rule = ReadRule(reader_, item, on_truncated, policy_.features);
    const auto [first, fresh] = line_of.try_emplace(rule.name, item.mark.line);
    if (!fresh && !rule.name.empty())
      reader_.Fail(item.mark, "rule " + Shown(rule.name) +
                                  " stands in this policy already (first: line " +
                                  std::to_string(first->second) + ")");
    if (rule.action == Action::kAllow && !policy_.users.empty())
      reader_.Fail(item.mark,
                   "a rule that allows has no `identity`: who can run an sshd in a pod can "
                   "claim any login; deny to others, by `through` or `origins`");
    if (rule.name == kDefaultRule)
      reader_.Fail(item.mark,
                   "`default` is how verdicts name what `default: deny` says; choose "
                   "another name");
    policy_.rules.push_back(std::move(rule));
  }
}

void PolicyReader::CheckTests() {
  WordList names = {kDefaultRule};
  for (const RuleDocument& rule : policy_.rules) names.emplace_back(rule.name);
  for (const PolicyTest& test : policy_.tests)
    if (!test.rule.empty() && std::find(names.begin(), names.end(), test.rule) == names.end())
      reader_.Fail(test.mark, "the example names rule " + Shown(test.rule) +
                                  ", which this policy does not have");
}

PolicyTestDocument ReadTestDocument(NodeReader& reader, const YamlNode& root,
                                    const std::string& file) {
  PolicyTestDocument document;
  document.file = file;
  reader.IsMap(root, "a test of a policy", {"apiVersion", "kind", "policy", "tests"});
  constexpr size_t kLongest = 63;
  if (const YamlNode* policy = reader.Need(root, "policy"))
    document.policy = reader.Text(*policy, "policy", kLongest).value_or("");
  if (const YamlNode* tests = reader.Need(root, "tests"))
    document.tests = ReadTests(reader, *tests);
  return document;
}

void ReadDocument(NodeReader& reader, const YamlNode& root, const std::string& file,
                  PolicyFile& out) {
  if (root.kind != YamlNode::Kind::kMap) {
    reader.Fail(root.mark, "a policy must be a map of keys and values");
    return;
  }
  if (const YamlNode* version = reader.Need(root, "apiVersion"))
    reader.Word(*version, "apiVersion", {"nestor.dev/v1"});
  const YamlNode* kind = reader.Need(root, "kind");
  if (kind && kind->scalar == "ChainPolicyTest") {
    out.tests.push_back(ReadTestDocument(reader, root, file));
    return;
  }
  if (kind) reader.Word(*kind, "kind", {"ChainPolicy", "ChainPolicyTest"});
  out.policies.push_back(PolicyReader(reader, file).Read(root));
}

}  // namespace

const std::vector<std::string_view>& OriginWords() {
  static const std::vector<std::string_view> kWords = {
      "container-entrypoint", "runtime-exec", "ssh-login", "tcp-remote",
      "host-service",         "pre-existing", "delegated"};
  return kWords;
}

const std::vector<std::string_view>& HopWords() {
  static const std::vector<std::string_view> kWords = {
      "container-entrypoint", "runtime-exec", "ssh-login",  "tcp",     "unix-socket",
      "host-service",         "pre-existing", "tcp-remote", "fd-pass", "namespace",
      "credential",           "trace",        "delegated"};
  return kWords;
}

const std::vector<std::string_view>& TraitWords() {
  static const std::vector<std::string_view> kWords = {"memfd", "deleted", "loader", "setuid"};
  return kWords;
}

RuleEvent EventOf(const Act& act) {
  if (act.operation == 0) return RuleEvent::kCredential;
  return act.operation < 1U << static_cast<unsigned>(Operation::kClone) ? RuleEvent::kTrace
                                                                        : RuleEvent::kNamespace;
}

PolicyFile ReadPolicyText(std::string_view text, const std::string& file) {
  PolicyFile out;
  const std::vector<YamlNode> documents = ParseYaml(text, out.faults);
  NodeReader reader(out.faults);
  for (const YamlNode& document : documents) ReadDocument(reader, document, file, out);
  std::sort(out.faults.begin(), out.faults.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.mark, a.reason) < std::tie(b.mark, b.reason);
  });
  out.idle = reader.TakeIdle();
  out.notes = reader.TakeNotes();
  return out;
}

std::vector<Error> ToErrors(const std::vector<Fault>& faults, const std::string& file) {
  constexpr size_t kMost = 50;
  std::vector<Error> errors;
  for (const Fault& fault : faults) {
    if (errors.size() == kMost) {
      errors.back().message +=
          " (and " + std::to_string(faults.size() - kMost) + " more faults in this file)";
      break;
    }
    errors.push_back(Error::InvalidArgument(file + ":" + std::to_string(fault.mark.line) + ":" +
                                            std::to_string(fault.mark.column) + ": " +
                                            fault.reason));
  }
  return errors;
}

Result<std::vector<PolicyDocument>> ParsePolicies(std::string_view text, const std::string& file) {
  PolicyFile read = ReadPolicyText(text, file);
  if (read.faults.empty()) return std::move(read.policies);
  std::string all;
  for (const Error& error : ToErrors(read.faults, file))
    all += (all.empty() ? "" : "\n") + error.message;
  return Error::InvalidArgument(all);
}

std::vector<Fault> Unenforced(const PolicyDocument& policy) {
  std::vector<Fault> faults;
  for (const FeatureUse& use : policy.features)
    if (!IsEnforced(use.feature)) faults.push_back({use.mark, NotEnforced(use.feature)});
  return faults;
}

}  // namespace nestor
