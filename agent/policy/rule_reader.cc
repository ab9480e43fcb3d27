// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/rule_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/policy/exception_reader.h"
#include "agent/policy/pattern_reader.h"

namespace nestor {
namespace {

constexpr size_t kLongestMessage = 512;

// Bits of OperationWords.
constexpr uint64_t kTraceOperations = (1U << static_cast<unsigned>(Operation::kClone)) - 1;
constexpr uint64_t kNamespaceOperations = 0xff & ~kTraceOperations;

// "T1552", "T1552.001", or an own word such as "team:payments".
bool IsTag(const std::string& tag) {
  const auto digits = [&tag](size_t at, size_t count) {
    return tag.size() >= at + count && std::all_of(tag.begin() + static_cast<ptrdiff_t>(at),
                                                   tag.begin() + static_cast<ptrdiff_t>(at + count),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool like_attack =
      tag.size() > 1 && (tag[0] == 'T' || tag[0] == 't') && tag[1] >= '0' && tag[1] <= '9';
  if (like_attack) {
    return tag[0] == 'T' && digits(1, 4) &&
           (tag.size() == 5 || (tag.size() == 9 && tag[5] == '.' && digits(6, 3)));
  }
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:/").find(c) != std::string_view::npos;
  });
}

class RuleReader {
 public:
  RuleReader(NodeReader& reader, std::vector<FeatureUse>& features)
      : reader_(reader), features_(features) {}

  RuleDocument Read(const YamlNode& node, OnTruncated on_truncated);

 private:
  void CheckExceptions(const std::vector<ExceptionDocument>& exceptions);
  void ReadWords(const YamlNode& node);
  void ReadAction(const YamlNode& node);
  void ReadTags(const YamlNode& node);
  void ReadExec(const YamlNode& node);
  void ReadDigests(const YamlNode& node);
  void ReadTraits(const YamlNode& node);
  void ReadFile(const YamlNode& node);
  void ReadConnect(const YamlNode& node);
  void ReadPeerNames(const YamlNode& node);
  void ReadCredential(const YamlNode& node);
  void ReadNamespace(const YamlNode& node);
  void ReadTrace(const YamlNode& node);
  uint8_t Words(const YamlNode& node, const char* what, const std::vector<std::string_view>& all,
                uint64_t possible);
  void ReadBlock(const YamlNode& node, bool unknown_field);

  NodeReader& reader_;
  std::vector<FeatureUse>& features_;
  RuleDocument rule_;
};

RuleDocument RuleReader::Read(const YamlNode& node, OnTruncated on_truncated) {
  rule_.mark = node.mark;
  rule_.on_truncated = on_truncated;
  WordList fields = {"name", "message", "severity", "tags", "onTruncated", "exceptions", "action"};
  for (const RuleKind& kind : kRuleKinds) fields.emplace_back(kind.word);
  if (const YamlNode* match = reader_.Find(node, "match")) {
    reader_.Fail(match->mark,
                 "`match` is not needed: `exec`, `file` or `connect` stand in the rule "
                 "itself");
    fields.emplace_back("match");
  }
  const size_t before = reader_.faults();
  if (!reader_.IsMap(node, "a rule", fields)) return rule_;
  const bool unknown_field = reader_.faults() != before;
  rule_.name = reader_.Name(node, "the rule's name");
  ReadWords(node);
  ReadBlock(node, unknown_field);
  if (const YamlNode* exceptions = reader_.Find(node, "exceptions")) {
    auto more = ReadExceptions(reader_, *exceptions, rule_.event, features_);
    CheckExceptions(more);
    rule_.exceptions.insert(rule_.exceptions.end(), std::make_move_iterator(more.begin()),
                            std::make_move_iterator(more.end()));
  }
  return std::move(rule_);
}

// An address goes by a name or does not: a network cannot take it back.
void RuleReader::CheckExceptions(const std::vector<ExceptionDocument>& exceptions) {
  if (rule_.names.empty()) return;
  for (const ExceptionDocument& exception : exceptions)
    if (!exception.cidrs.empty())
      reader_.Fail(exception.mark,
                   "a rule with `names` has no exceptions for `cidrs`: write a rule that allows "
                   "these, in a policy with a more specific selector");
}

void RuleReader::ReadWords(const YamlNode& node) {
  if (const YamlNode* message = reader_.Find(node, "message"))
    rule_.message = reader_.Text(*message, "message", kLongestMessage).value_or("");
  if (const YamlNode* severity = reader_.Find(node, "severity"))
    rule_.severity =
        reader_.Word(*severity, "severity", {"info", "low", "medium", "high", "critical"})
            .value_or("");
  if (const YamlNode* tags = reader_.Find(node, "tags")) ReadTags(*tags);
  if (const YamlNode* action = reader_.Find(node, "action")) ReadAction(*action);
  if (const YamlNode* truncated = reader_.Find(node, "onTruncated"))
    rule_.on_truncated = ReadOnTruncated(reader_, *truncated);
}

void RuleReader::ReadAction(const YamlNode& node) {
  if (node.scalar == "hold") {
    reader_.Fail(node.mark,
                 "action `hold` is reserved: it will wait for a person's approval; until "
                 "then use deny or audit");
    return;
  }
  const auto word = reader_.Word(node, "action", {"allow", "audit", "deny", "kill"});
  if (!word) return;
  rule_.action = *word == "allow"   ? Action::kAllow
                 : *word == "audit" ? Action::kAudit
                 : *word == "deny"  ? Action::kDeny
                                    : Action::kKill;
}

void RuleReader::ReadTags(const YamlNode& node) {
  constexpr size_t kLongestTag = 64, kMostTags = 16;
  for (const YamlNode& item : reader_.List(node, "tags")) {
    auto tag = reader_.Text(item, "a tag", kLongestTag);
    if (!tag) continue;
    if (!IsTag(*tag))
      reader_.Fail(item.mark, "tag " + Shown(*tag) +
                                  " must be a technique of ATT&CK such as T1552 or T1552.001, or a "
                                  "word of letters, digits, `-`, `.`, `_`, `:` and `/`");
    rule_.tags.push_back(*std::move(tag));
  }
  if (rule_.tags.size() > kMostTags)
    reader_.Fail(node.mark, "a rule has at most " + std::to_string(kMostTags) + " tags");
}

void RuleReader::ReadBlock(const YamlNode& node, bool unknown_field) {
  const YamlNode* found = nullptr;
  size_t count = 0;
  for (const RuleKind& kind : kRuleKinds) {
    const YamlNode* value = reader_.Find(node, kind.word);
    if (!value) continue;
    ++count;
    if (found) continue;
    found = value;
    rule_.event = kind.event;
  }
  if (count > 1 || (count == 0 && !unknown_field)) {  // else it is misspelt, which is said
    reader_.Fail(node.mark, "a rule has exactly one of " + RuleKindList());
  }
  if (!found) return;
  switch (rule_.event) {
    case RuleEvent::kExec:
      return ReadExec(*found);
    case RuleEvent::kOpen:
      return ReadFile(*found);
    case RuleEvent::kConnect:
      return ReadConnect(*found);
    case RuleEvent::kCredential:
      return ReadCredential(*found);
    case RuleEvent::kNamespace:
      return ReadNamespace(*found);
    case RuleEvent::kTrace:
      return ReadTrace(*found);
  }
}

void RuleReader::ReadExec(const YamlNode& node) {
  const size_t before = reader_.faults();
  if (!reader_.IsMap(node, "exec", {"paths", "args", "commandLine", "sha256", "from", "is"}))
    return;
  if (const YamlNode* paths = reader_.Find(node, "paths"))
    rule_.paths = ReadPaths(reader_, *paths, "paths", PathKind::kFile);
  const YamlNode* args = reader_.Find(node, "args");
  const YamlNode* lines = reader_.Find(node, "commandLine");
  if (args) rule_.args = ReadArguments(reader_, *args);
  if (args && lines)
    reader_.Fail(lines->mark, "exec has `args` or `commandLine`, not both");
  else if (lines)
    rule_.args = ReadCommandLines(reader_, *lines);
  if (const YamlNode* digests = reader_.Find(node, "sha256")) ReadDigests(*digests);
  if (const YamlNode* from = reader_.Find(node, "from")) {
    features_.push_back({Feature::kProvenance, from->mark});
    rule_.provenance = ReadProvenance(reader_, *from);
  }
  if (const YamlNode* traits = reader_.Find(node, "is")) ReadTraits(*traits);
  const bool empty = rule_.paths.empty() && rule_.args.empty() && rule_.digests.empty() &&
                     !rule_.provenance && rule_.traits == 0;
  if (empty && reader_.faults() == before)
    reader_.Fail(node.mark,
                 "exec needs `paths`, `args`, `commandLine`, `sha256`, `from` or `is`; "
                 "for every program write paths: [\"/**\"]");
}

void RuleReader::ReadDigests(const YamlNode& node) {
  features_.push_back({Feature::kDigests, node.mark});
  for (const YamlNode& item : reader_.List(node, "sha256"))
    if (auto digest = ReadDigest(reader_, item)) rule_.digests.push_back(*std::move(digest));
}

void RuleReader::ReadTraits(const YamlNode& node) {
  features_.push_back({Feature::kTraits, node.mark});
  rule_.traits = ReadTraitBits(reader_, node);
}

void RuleReader::ReadFile(const YamlNode& node) {
  if (!reader_.IsMap(node, "file", {"paths", "access", "exceptExecutables"})) return;
  if (const YamlNode* paths = reader_.Need(node, "paths"))
    rule_.paths = ReadPaths(reader_, *paths, "paths", PathKind::kFile);
  if (const YamlNode* except = reader_.Find(node, "exceptExecutables")) {
    ExceptionDocument& exception = rule_.exceptions.emplace_back();
    exception.mark = except->mark;
    exception.executables = ReadPaths(reader_, *except, "exceptExecutables", PathKind::kFile);
  }
  if (const YamlNode* access = reader_.Find(node, "access"))
    if (const auto word = reader_.Word(*access, "access", {"read", "write", "link", "any"}))
      rule_.access = *word == "read" ? 1 : *word == "write" ? 2 : *word == "link" ? 4 : 7;
}

void RuleReader::ReadConnect(const YamlNode& node) {
  const size_t before = reader_.faults();
  if (!reader_.IsMap(node, "connect", {"cidrs", "names", "ports", "unix"})) return;
  if (const YamlNode* cidrs = reader_.Find(node, "cidrs")) rule_.cidrs = ReadCidrs(reader_, *cidrs);
  if (const YamlNode* names = reader_.Find(node, "names")) ReadPeerNames(*names);
  if (const YamlNode* ports = reader_.Find(node, "ports")) rule_.ports = ReadPorts(reader_, *ports);
  if (const YamlNode* paths = reader_.Find(node, "unix"))
    rule_.unix_paths = ReadPaths(reader_, *paths, "unix", PathKind::kSocket);
  if (rule_.cidrs.empty() && rule_.names.empty() && rule_.ports.empty() &&
      rule_.unix_paths.empty() && reader_.faults() == before)
    reader_.Fail(node.mark, "connect needs `cidrs`, `names`, `ports` or `unix`");
}

void RuleReader::ReadPeerNames(const YamlNode& node) {
  features_.push_back({Feature::kPeerNames, node.mark});
  rule_.names = ReadDnsNames(reader_, node);
  if (rule_.action == Action::kAllow)
    reader_.Fail(node.mark,
                 "a rule that allows has no `names`: a pod can tell itself any address for a "
                 "name; use `cidrs`");
}

uint8_t RuleReader::Words(const YamlNode& node, const char* what,
                          const std::vector<std::string_view>& all, uint64_t possible) {
  const std::vector<std::string_view> words = WordsOf(possible, all);
  uint64_t bits = 0;
  for (const YamlNode& item : reader_.List(node, what))
    if (const auto word = reader_.Word(item, "a value of " + std::string(what), words))
      bits |= BitOf(*word, all);
  return static_cast<uint8_t>(bits);
}

void RuleReader::ReadCredential(const YamlNode& node) {
  constexpr size_t kLongestCapability = 32;
  features_.push_back({Feature::kCredential, node.mark});
  if (!reader_.IsMap(node, "credential", {"toUids", "capabilities"})) return;
  if (const YamlNode* uids = reader_.Find(node, "toUids"))
    for (const YamlNode& item : reader_.List(*uids, "toUids"))
      if (const auto uid = reader_.Number(item, "a uid", 0xfffffffe))
        rule_.crossing.to_uids.push_back(*uid);
  const YamlNode* capabilities = reader_.Find(node, "capabilities");
  if (!capabilities) return;
  for (const YamlNode& item : reader_.List(*capabilities, "capabilities")) {
    auto name = reader_.Text(item, "a capability", kLongestCapability);
    if (!name) continue;
    if (!name->starts_with("CAP_"))
      reader_.Fail(item.mark, "capability " + Shown(*name) + " must begin with CAP_");
    else if (reader_.Word(item, "a capability", CapabilityWords()))
      rule_.crossing.capabilities |= BitOf(*name, CapabilityWords());
  }
}

void RuleReader::ReadNamespace(const YamlNode& node) {
  features_.push_back({Feature::kNamespace, node.mark});
  if (!reader_.IsMap(node, "namespace", {"kinds", "operations"})) return;
  if (const YamlNode* kinds = reader_.Find(node, "kinds"))
    rule_.crossing.kinds = Words(*kinds, "kinds", NamespaceKindWords(), ~uint64_t{0});
  if (const YamlNode* operations = reader_.Find(node, "operations"))
    rule_.crossing.operations =
        Words(*operations, "operations", OperationWords(), kNamespaceOperations);
}

void RuleReader::ReadTrace(const YamlNode& node) {
  features_.push_back({Feature::kTrace, node.mark});
  if (!reader_.IsMap(node, "trace", {"operations"})) return;
  if (const YamlNode* operations = reader_.Need(node, "operations"))
    rule_.crossing.operations =
        Words(*operations, "operations", OperationWords(), kTraceOperations);
}

}  // namespace

std::optional<std::string> ReadDigest(NodeReader& reader, const YamlNode& node) {
  constexpr size_t kDigits = 64;
  auto text = reader.Text(node, "a digest", 2 * kDigits);
  if (!text) return std::nullopt;
  if (text->starts_with("sha256:")) text->erase(0, 7);
  if (text->size() == kDigits && text->find_first_not_of("0123456789abcdef") == std::string::npos)
    return text;
  reader.Fail(node.mark, "digest " + Shown(*text) +
                             " must have 64 of the digits 0-9 and a-f, as `sha256sum` prints");
  return std::nullopt;
}

uint8_t ReadTraitBits(NodeReader& reader, const YamlNode& node) {
  const WordList& words = TraitWords();
  uint8_t bits = 0;
  for (const YamlNode& item : reader.List(node, "is"))
    if (const auto word = reader.Word(item, "a value of is", words))
      bits |= BitOf(static_cast<ExecTrait>(std::ranges::find(words, *word) - words.begin()));
  return bits;
}

std::optional<Provenance> ReadProvenance(NodeReader& reader, const YamlNode& node) {
  const auto word = reader.Word(node, "from", {"image", "added"});
  if (!word) return std::nullopt;
  return *word == "image" ? Provenance::kImage : Provenance::kAdded;
}

OnTruncated ReadOnTruncated(NodeReader& reader, const YamlNode& node) {
  const auto word = reader.Word(node, "onTruncated", {"deny", "audit"});
  return word && *word == "audit" ? OnTruncated::kAudit : OnTruncated::kDeny;
}

RuleDocument ReadRule(NodeReader& reader, const YamlNode& node, OnTruncated on_truncated,
                      std::vector<FeatureUse>& features) {
  return RuleReader(reader, features).Read(node, on_truncated);
}

}  // namespace nestor
