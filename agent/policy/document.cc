// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/document.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>

#include "agent/base/nearest.h"
#include "agent/policy/yaml_tree.h"

namespace nestor {
namespace {

using Words = std::initializer_list<std::string_view>;

std::string Hint(std::string_view word, Words known) { return Suggest(word, {known}); }

std::string Shown(const std::string& word) {
  std::string shown = "`";
  for (const char c : word.substr(0, 80)) shown += c >= ' ' && c != 0x7f ? c : '?';
  return shown + (word.size() > 80 ? "…`" : "`");
}

// Reads one policy document; the first fault is kept and everything after it is skipped.
class PolicyReader {
 public:
  explicit PolicyReader(const std::string& file) : file_(file) {}

  Result<PolicyDocument> Read(const YamlNode& root) {
    policy_.file = file_;
    ReadRoot(root);
    if (error_) return *error_;
    return std::move(policy_);
  }

 private:
  void Fail(YamlMark mark, const std::string& reason) {
    if (!error_)
      error_ = Error::InvalidArgument(file_ + ":" + std::to_string(mark.line) + ":" +
                                      std::to_string(mark.column) + ": " + reason);
  }

  // The value under `key`, or nullptr. Missing and required: a fault at the map.
  const YamlNode* Find(const YamlNode& map, std::string_view key, bool required = false) {
    for (const auto& [name, value] : map.entries)
      if (name.scalar == key) return &value;
    if (required) Fail(map.mark, "`" + std::string(key) + "` is missing");
    return nullptr;
  }

  bool ExpectMap(const YamlNode& node, const std::string& what, Words keys) {
    if (node.kind != YamlNode::Kind::kMap) {
      Fail(node.mark, what + " must be a map of keys and values");
      return false;
    }
    for (const auto& [key, value] : node.entries)
      if (std::find(keys.begin(), keys.end(), key.scalar) == keys.end()) {
        Fail(key.mark,
             "unknown field " + Shown(key.scalar) + " in " + what + Hint(key.scalar, keys));
        return false;
      }
    return !error_;
  }

  std::string Text(const YamlNode& node, const std::string& what, size_t max = kMaxGlobBytes) {
    if (node.kind != YamlNode::Kind::kScalar)
      Fail(node.mark, what + " must be a text");
    else if (node.scalar.empty() || node.scalar.size() > max)
      Fail(node.mark, what + " must have 1 to " + std::to_string(max) + " bytes");
    return node.scalar;
  }

  std::string OneOfWords(const YamlNode& node, const std::string& what, Words words) {
    const std::string word = Text(node, what);
    if (!error_ && std::find(words.begin(), words.end(), word) == words.end())
      Fail(node.mark, what + " cannot be " + Shown(word) + Hint(word, words));
    return word;
  }

  uint32_t Number(const YamlNode& node, const std::string& what, uint32_t max) {
    uint32_t value = 0;
    const std::string& text = node.scalar;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (node.kind != YamlNode::Kind::kScalar || node.quoted || error != std::errc() ||
        end != text.data() + text.size() || value > max)
      Fail(node.mark, what + " must be a whole number from 0 to " + std::to_string(max));
    return value;
  }

  // A list that is not empty: an empty one would read as "none" to a person and as "any" to a rule.
  const std::vector<YamlNode>& List(const YamlNode& node, const std::string& what) {
    static const std::vector<YamlNode> kNone;
    if (node.kind == YamlNode::Kind::kList && !node.items.empty()) return node.items;
    Fail(node.mark, what + " must be a list of at least one value");
    return kNone;
  }

  void Name(const YamlNode& map, const std::string& what, std::string& name) {
    const YamlNode* node = Find(map, "name", true);
    if (!node) return;
    name = Text(*node, what, 63);
    const bool good = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
    if (!good || (!name.empty() && (name.front() == '-' || name.back() == '-')))
      Fail(node->mark,
           what + " has lower-case letters, digits, `-` and `.` only, not " + Shown(name));
  }

  void ReadRoot(const YamlNode& root);
  void ReadSelector(const YamlNode& node);
  std::vector<std::string> SelectorValues(const YamlNode& node, const std::string& what);
  void ReadChain(const YamlNode& node);
  void ReadRules(const YamlNode& node);
  void ReadRule(const YamlNode& node);
  void ReadFile(const YamlNode& node, RuleDocument& rule);
  void ReadExec(const YamlNode& node, RuleDocument& rule);
  void ReadConnect(const YamlNode& node, RuleDocument& rule);
  std::vector<Pattern> PathGlobs(const YamlNode& node, const std::string& what, bool abstract);
  Pattern ArgumentPattern(const YamlNode& node);
  PortRange Ports(const YamlNode& node);

  std::string file_;
  PolicyDocument policy_;
  std::optional<Error> error_;
};

void PolicyReader::ReadRoot(const YamlNode& root) {
  if (!ExpectMap(root, "a policy", {"apiVersion", "kind", "metadata", "spec"})) return;
  if (const YamlNode* version = Find(root, "apiVersion", true))
    OneOfWords(*version, "apiVersion", {"nestor.dev/v1"});
  if (const YamlNode* kind = Find(root, "kind", true)) OneOfWords(*kind, "kind", {"ChainPolicy"});
  const YamlNode* metadata = Find(root, "metadata", true);
  if (metadata && ExpectMap(*metadata, "metadata", {"name"}))
    Name(*metadata, "the policy's name", policy_.name);
  const YamlNode* spec = Find(root, "spec", true);
  if (!spec || !ExpectMap(*spec, "spec", {"mode", "selector", "chain", "rules"})) return;
  if (const YamlNode* mode = Find(*spec, "mode"))
    policy_.mode = OneOfWords(*mode, "mode", {"audit", "enforce"}) == "enforce" ? Mode::kEnforce
                                                                                : Mode::kAudit;
  if (const YamlNode* selector = Find(*spec, "selector")) ReadSelector(*selector);
  if (const YamlNode* chain = Find(*spec, "chain")) ReadChain(*chain);
  if (const YamlNode* rules = Find(*spec, "rules", true)) ReadRules(*rules);
}

std::vector<std::string> PolicyReader::SelectorValues(const YamlNode& node,
                                                      const std::string& what) {
  std::vector<std::string> values;
  for (const YamlNode& item : List(node, what)) {
    values.push_back(Text(item, "a value of " + what, 253));
    if (error_) break;
    if (const auto glob = ParseGlob(values.back(), GlobKind::kArgument); !glob)
      Fail(item.mark, "bad pattern " + Shown(values.back()) + ": " + glob.error().message);
  }
  return values;
}

void PolicyReader::ReadSelector(const YamlNode& node) {
  if (!ExpectMap(node, "selector", {"namespaces", "pods", "containers", "labels", "whileUnknown"}))
    return;
  WorkloadSelector& selector = policy_.selector;
  if (const YamlNode* list = Find(node, "namespaces"))
    selector.namespaces = SelectorValues(*list, "namespaces");
  if (const YamlNode* list = Find(node, "pods")) selector.pods = SelectorValues(*list, "pods");
  if (const YamlNode* list = Find(node, "containers"))
    selector.containers = SelectorValues(*list, "containers");
  if (const YamlNode* unknown = Find(node, "whileUnknown"))
    policy_.while_unknown = OneOfWords(*unknown, "whileUnknown", {"apply", "skip"}) == "apply";
  const YamlNode* labels = Find(node, "labels");
  if (!labels) return;
  if (labels->kind != YamlNode::Kind::kMap || labels->entries.empty())
    return Fail(labels->mark, "labels must be a map of at least one label and its value");
  for (const auto& [key, value] : labels->entries) {
    selector.labels[key.scalar] = Text(value, "the value of label " + Shown(key.scalar), 253);
    if (error_) return;
    if (const auto glob = ParseGlob(value.scalar, GlobKind::kArgument); !glob)
      Fail(value.mark, "bad pattern " + Shown(value.scalar) + ": " + glob.error().message);
  }
}

void PolicyReader::ReadChain(const YamlNode& node) {
  if (!ExpectMap(node, "chain", {"origins", "minDepth", "maxDepth"})) return;
  if (const YamlNode* origins = Find(node, "origins"))
    for (const YamlNode& item : List(*origins, "origins")) {
      const std::string word = OneOfWords(item, "an origin",
                                          {"container-entrypoint", "runtime-exec", "ssh-login",
                                           "tcp-remote", "host-service", "pre-existing"});
      if (const auto kind = HopKindFromName(word); kind && !error_)
        policy_.origin_mask |= 1U << static_cast<unsigned>(*kind);
    }
  constexpr uint32_t kMaxDepth = 1000000;
  if (const YamlNode* depth = Find(node, "minDepth"))
    policy_.min_depth = Number(*depth, "minDepth", kMaxDepth);
  const YamlNode* depth = Find(node, "maxDepth");
  if (!depth) return;
  policy_.max_depth = Number(*depth, "maxDepth", kMaxDepth);
  if (policy_.max_depth < policy_.min_depth)
    Fail(depth->mark, "maxDepth is below minDepth: no chain can be both");
}

void PolicyReader::ReadRules(const YamlNode& node) {
  for (const YamlNode& item : List(node, "rules")) {
    if (error_) return;
    ReadRule(item);
    if (error_) return;
    const std::string& name = policy_.rules.back().name;
    for (size_t i = 0; i + 1 < policy_.rules.size(); ++i)
      if (policy_.rules[i].name == name)
        Fail(item.mark, "rule " + Shown(name) + " stands in this policy already");
  }
}

void PolicyReader::ReadRule(const YamlNode& node) {
  if (!ExpectMap(node, "a rule", {"name", "message", "action", "exec", "file", "connect"})) return;
  RuleDocument rule;
  Name(node, "the rule's name", rule.name);
  if (const YamlNode* message = Find(node, "message"))
    rule.message = Text(*message, "message", 512);
  if (const YamlNode* action = Find(node, "action")) {
    const std::string word = OneOfWords(*action, "action", {"deny", "audit", "kill"});
    rule.action = word == "deny" ? Action::kDeny : word == "audit" ? Action::kAudit : Action::kKill;
  }
  const YamlNode* exec = Find(node, "exec");
  const YamlNode* file = Find(node, "file");
  const YamlNode* connect = Find(node, "connect");
  if ((exec != nullptr) + (file != nullptr) + (connect != nullptr) != 1)
    return Fail(node.mark, "a rule has exactly one of `exec`, `file` and `connect`");
  if (exec) ReadExec(*exec, rule);
  if (file) ReadFile(*file, rule);
  if (connect) ReadConnect(*connect, rule);
  policy_.rules.push_back(std::move(rule));
}

std::vector<Pattern> PolicyReader::PathGlobs(const YamlNode& node, const std::string& what,
                                             bool abstract) {
  std::vector<Pattern> globs;
  for (const YamlNode& item : List(node, what)) {
    const std::string text = Text(item, "a value of " + what);
    if (error_) break;
    const bool absolute = text[0] == '/' || text.starts_with("**") || (abstract && text[0] == '@');
    if (!absolute) {
      Fail(item.mark, "path " + Shown(text) + " must begin with `/`" +
                          (abstract ? " (or `@`, an abstract name)" : "") +
                          "; for any folder write " + Shown("/**/" + text));
      break;
    }
    Result<Pattern> glob = ParseGlob(text, GlobKind::kPath);
    if (!glob) {
      Fail(item.mark, "bad pattern " + Shown(text) + ": " + glob.error().message);
      break;
    }
    globs.push_back(*std::move(glob));
  }
  return globs;
}

void PolicyReader::ReadFile(const YamlNode& node, RuleDocument& rule) {
  rule.event = RuleEvent::kOpen;
  if (!ExpectMap(node, "file", {"paths", "access", "exceptExecutables"})) return;
  if (const YamlNode* paths = Find(node, "paths", true))
    rule.paths = PathGlobs(*paths, "paths", false);
  if (const YamlNode* except = Find(node, "exceptExecutables"))
    rule.exceptions = PathGlobs(*except, "exceptExecutables", false);
  if (const YamlNode* access = Find(node, "access")) {
    const std::string word = OneOfWords(*access, "access", {"read", "write", "any"});
    rule.access = word == "read" ? 1 : word == "write" ? 2 : 3;
  }
}

// Any arguments after the program's name, among them the listed ones in this order.
Pattern PolicyReader::ArgumentPattern(const YamlNode& node) {
  const PatternItem within = RepeatOf(AnyByteBut('\0'));
  Pattern pattern = {within, OneByte('\0')};  // argv[0]
  const auto any_arguments = [&pattern] {
    pattern.push_back(MaySkip(2));
    pattern.push_back(RepeatOf(AnyByte()));
    pattern.push_back(OneByte('\0'));
  };
  for (const YamlNode& item : List(node, "args")) {
    const std::string text = Text(item, "a value of args");
    if (error_) break;
    const Result<Pattern> glob = ParseGlob(text, GlobKind::kArgument);
    if (!glob) {
      Fail(item.mark, "bad pattern " + Shown(text) + ": " + glob.error().message);
      break;
    }
    any_arguments();
    pattern.insert(pattern.end(), glob->begin(), glob->end());
    pattern.push_back(OneByte('\0'));
  }
  pattern.push_back(RepeatOf(AnyByte()));
  return pattern;
}

void PolicyReader::ReadExec(const YamlNode& node, RuleDocument& rule) {
  rule.event = RuleEvent::kExec;
  if (!ExpectMap(node, "exec", {"paths", "args"})) return;
  if (const YamlNode* paths = Find(node, "paths")) rule.paths = PathGlobs(*paths, "paths", false);
  if (const YamlNode* args = Find(node, "args")) rule.args.push_back(ArgumentPattern(*args));
  if (!error_ && rule.paths.empty() && rule.args.empty())
    Fail(node.mark, "exec needs `paths`, `args` or both; for every program write paths: [\"/**\"]");
}

PortRange PolicyReader::Ports(const YamlNode& node) {
  PortRange range;
  if (node.kind != YamlNode::Kind::kScalar) {
    Fail(node.mark, "a port must be a number or a range such as \"8000-8999\"");
    return range;
  }
  const char* begin = node.scalar.data();
  const char* end = begin + node.scalar.size();
  auto [at, error] = std::from_chars(begin, end, range.min);
  range.max = range.min;
  if (error == std::errc() && at != end && *at == '-') {
    const auto second = std::from_chars(at + 1, end, range.max);
    at = second.ptr;
    error = second.ec;
  }
  if (error != std::errc() || at != end || range.min == 0 || range.max < range.min)
    Fail(node.mark, "port " + Shown(node.scalar) +
                        " must be a number from 1 to 65535 or a range such as \"8000-8999\"");
  return range;
}

void PolicyReader::ReadConnect(const YamlNode& node, RuleDocument& rule) {
  rule.event = RuleEvent::kConnect;
  if (!ExpectMap(node, "connect", {"cidrs", "ports", "unix"})) return;
  if (const YamlNode* cidrs = Find(node, "cidrs"))
    for (const YamlNode& item : List(*cidrs, "cidrs")) {
      const std::string text = Text(item, "a value of cidrs");
      if (error_) return;
      const Result<Cidr> cidr = ParseCidr(text);
      if (!cidr) return Fail(item.mark, "bad network " + Shown(text) + ": " + cidr.error().message);
      rule.cidrs.push_back(*cidr);
    }
  if (const YamlNode* ports = Find(node, "ports"))
    for (const YamlNode& item : List(*ports, "ports")) rule.ports.push_back(Ports(item));
  if (const YamlNode* paths = Find(node, "unix")) rule.unix_paths = PathGlobs(*paths, "unix", true);
  if (!error_ && rule.cidrs.empty() && rule.ports.empty() && rule.unix_paths.empty())
    Fail(node.mark, "connect needs `cidrs`, `ports` or `unix`");
}

}  // namespace

Result<std::vector<PolicyDocument>> ParsePolicies(std::string_view text, const std::string& file) {
  const Result<std::vector<YamlNode>> documents = ParseYaml(text);
  if (!documents) return Error{documents.error().code, file + ":" + documents.error().message};
  std::vector<PolicyDocument> policies;
  for (const YamlNode& document : *documents) {
    Result<PolicyDocument> policy = PolicyReader(file).Read(document);
    if (!policy) return policy.error();
    policies.push_back(*std::move(policy));
  }
  return policies;
}

}  // namespace nestor
