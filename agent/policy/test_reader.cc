// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/test_reader.h"

#include <utility>

#include "agent/policy/dns_name.h"
#include "agent/policy/rule_reader.h"
#include "agent/policy/way_reader.h"

namespace nestor {
namespace {

constexpr size_t kLongestText = 4096;

std::string PathOf(NodeReader& reader, const YamlNode& node, const std::string& what) {
  const auto text = reader.Text(node, what, kLongestText);
  if (text && (*text)[0] != '/') reader.Fail(node.mark, what + " must begin with `/`");
  return text.value_or("");
}

// What an example does not say is the usual: a named file of the image. A memfd is of no image.
void ReadFileKind(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (const YamlNode* traits = reader.Find(node, "is"))
    subject.traits = ReadTraitBits(reader, *traits);
  const bool memfd = subject.traits & BitOf(ExecTrait::kMemfd);
  subject.provenance = memfd ? Provenance::kAdded : Provenance::kImage;
  const YamlNode* from = reader.Find(node, "from");
  if (!from) return;
  subject.provenance = ReadProvenance(reader, *from);
  if (memfd && subject.provenance == Provenance::kImage)
    reader.Fail(from->mark, "a memfd is in no image: its `from` is added");
}

void ReadExec(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "exec", {"exe", "argv", "from", "is", "sha256"})) return;
  if (const YamlNode* exe = reader.Need(node, "exe")) subject.path = PathOf(reader, *exe, "exe");
  ReadFileKind(reader, node, subject);
  if (const YamlNode* digest = reader.Find(node, "sha256"))
    subject.digest = ReadDigest(reader, *digest).value_or("");
  else
    subject.digest = std::string(64, '0');  // a file that no rule names
  const YamlNode* argv = reader.Find(node, "argv");
  if (!argv) {
    subject.argv = {subject.path.substr(subject.path.rfind('/') + 1)};
    return;
  }
  for (const YamlNode& item : reader.List(*argv, "argv")) {
    if (item.kind == YamlNode::Kind::kScalar && item.scalar.find('\0') == std::string::npos)
      subject.argv.push_back(item.scalar);  // may be empty, as arguments may
    else
      reader.Fail(item.mark, "a value of argv must be a text");
  }
}

void ReadFile(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "file", {"path", "access"})) return;
  if (const YamlNode* path = reader.Need(node, "path"))
    subject.path = PathOf(reader, *path, "path");
  if (const YamlNode* access = reader.Find(node, "access"))
    if (const auto word = reader.Word(*access, "access", {"read", "write", "link", "any"}))
      // A second name is a way around what the first one stands for: as in the kernel.
      subject.access = *word == "read" ? 1 : *word == "write" ? 2 : *word == "link" ? 7 : 3;
}

// Without an address it is at one that nobody has (RFC 5737).
void ReadPeerName(NodeReader& reader, const YamlNode& node, Subject& subject) {
  const auto text = reader.Text(node, "name", kLongestText);
  if (!text) return;
  const Result<Pattern> parsed = ParseDnsName(*text);
  if (!parsed || text->find('*') != std::string::npos)
    reader.Fail(node.mark, "name " + Shown(*text) + " must be one name" +
                               (parsed ? "" : ": " + parsed.error().message));
  subject.names = {PlainDnsName(*text)};
  subject.address = *ParseCidr("192.0.2.1");
}

void ReadConnect(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "connect", {"address", "name", "port", "unix"})) return;
  const YamlNode* address = reader.Find(node, "address");
  const YamlNode* port = reader.Find(node, "port");
  const YamlNode* path = reader.Find(node, "unix");
  const YamlNode* name = reader.Find(node, "name");
  if ((address || name) == (path != nullptr))
    reader.Fail(node.mark,
                "an example of connect has `address`, `name` or both, and `port`; or `unix`");
  if (name) ReadPeerName(reader, *name, subject);
  if (path) subject.path = reader.Text(*path, "unix", kLongestText).value_or("");
  if (port) subject.port = static_cast<uint16_t>(reader.Number(*port, "port", 65535).value_or(0));
  if (!address) return;
  const auto text = reader.Text(*address, "address", kLongestText);
  if (!text) return;
  const Result<Cidr> parsed = ParseCidr(*text);
  if (!parsed || parsed->prefix_len != (parsed->v6 ? 128 : 32))
    reader.Fail(address->mark, "address " + Shown(*text) + " must be one address" +
                                   (parsed ? "" : ": " + parsed.error().message));
  else
    subject.address = *parsed;
}

// One operation of trace rules (`trace`) or namespace rules.
uint8_t OperationOf(NodeReader& reader, const YamlNode& node, bool trace) {
  WordList words;
  for (size_t bit = 0; bit < OperationWords().size(); ++bit)
    if ((bit < static_cast<size_t>(Operation::kClone)) == trace)
      words.push_back(OperationWords()[bit]);
  const auto word = reader.Word(node, "operation", words);
  return word ? static_cast<uint8_t>(BitOf(*word, OperationWords())) : uint8_t{0};
}

uint64_t BitsOf(NodeReader& reader, const YamlNode& node, const char* what, const WordList& words) {
  uint64_t bits = 0;
  for (const YamlNode& item : reader.List(node, what))
    if (const auto word = reader.Word(item, "a value of " + std::string(what), words))
      bits |= BitOf(*word, words);
  return bits;
}

void ReadTrace(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "trace", {"operation"})) return;
  if (const YamlNode* operation = reader.Need(node, "operation"))
    subject.act.operation = OperationOf(reader, *operation, true);
}

void ReadNamespace(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "namespace", {"operation", "kinds"})) return;
  if (const YamlNode* operation = reader.Need(node, "operation"))
    subject.act.operation = OperationOf(reader, *operation, false);
  if (const YamlNode* kinds = reader.Need(node, "kinds"))
    subject.act.kinds = static_cast<uint8_t>(BitsOf(reader, *kinds, "kinds", NamespaceKindWords()));
}

void ReadCredential(NodeReader& reader, const YamlNode& node, Subject& subject) {
  constexpr uint32_t kLargest = 0xfffffffe, kSomebody = 1000;
  if (!reader.IsMap(node, "credential", {"fromUid", "toUid", "capabilities"})) return;
  const YamlNode* from = reader.Find(node, "fromUid");
  const YamlNode* to = reader.Find(node, "toUid");
  const YamlNode* capabilities = reader.Find(node, "capabilities");
  if (!to && !capabilities)
    reader.Fail(node.mark, "an example of credential has `toUid`, `capabilities` or both");
  subject.act.from = from ? reader.Number(*from, "fromUid", kLargest).value_or(0) : kSomebody;
  subject.act.to = to ? reader.Number(*to, "toUid", kLargest).value_or(0) : subject.act.from;
  if (capabilities)
    subject.act.capabilities = BitsOf(reader, *capabilities, "capabilities", CapabilityWords());
}

void ReadAct(NodeReader& reader, const YamlNode& node, RuleEvent event, Subject& subject) {
  subject.event = event;
  switch (event) {
    case RuleEvent::kExec:
      return ReadExec(reader, node, subject);
    case RuleEvent::kOpen:
      return ReadFile(reader, node, subject);
    case RuleEvent::kConnect:
      return ReadConnect(reader, node, subject);
    case RuleEvent::kCredential:
      return ReadCredential(reader, node, subject);
    case RuleEvent::kNamespace:
      return ReadNamespace(reader, node, subject);
    case RuleEvent::kTrace:
      return ReadTrace(reader, node, subject);
  }
}

// The act of an example, which has exactly one.
void ReadOneAct(NodeReader& reader, const YamlNode& node, Subject& subject) {
  int count = 0;
  for (const RuleKind& kind : kRuleKinds) {
    const YamlNode* act = reader.Find(node, kind.word);
    if (!act) continue;
    ++count;
    ReadAct(reader, *act, kind.event, subject);
  }
  if (count != 1) reader.Fail(node.mark, "an example has exactly one of " + RuleKindList());
}

void ReadPlace(NodeReader& reader, const YamlNode& node, Subject& subject) {
  if (!reader.IsMap(node, "workload", {"namespace", "pod", "container", "image", "labels"})) return;
  const auto text = [&](const char* key, std::string& into) {
    if (const YamlNode* value = reader.Find(node, key))
      into = reader.Text(*value, key, kLongestText).value_or("");
  };
  text("namespace", subject.workload.namespace_name);
  text("pod", subject.workload.pod);
  text("container", subject.workload.container);
  text("image", subject.workload.image);
  const YamlNode* labels = reader.Find(node, "labels");
  if (!labels || !reader.IsMap(*labels, "labels", [&] {
        WordList any;
        for (const YamlEntry& entry : labels->entries) any.emplace_back(entry.key.scalar);
        return any;
      }()))
    return;
  for (const auto& [key, value] : labels->entries)
    if (const auto said =
            reader.Text(value, "the value of label " + Shown(key.scalar), kLongestText))
      subject.labels[key.scalar] = *said;
}

void ReadChain(NodeReader& reader, const YamlNode& node, Subject& subject) {
  constexpr uint32_t kDeepest = 1000000;
  if (!reader.IsMap(node, "chain", {"origin", "depth", "through", "identity"})) return;
  if (const YamlNode* origin = reader.Find(node, "origin"))
    if (const auto word = reader.Word(*origin, "origin", OriginWords()))
      subject.origin = *HopKindFromName(*word);
  if (const YamlNode* depth = reader.Find(node, "depth"))
    subject.depth = reader.Number(*depth, "depth", kDeepest).value_or(0);
  if (const YamlNode* identity = reader.Find(node, "identity"))
    subject.way_users = ReadIdentity(reader, *identity);
  const YamlNode* way = reader.Find(node, "through");
  if (!way || !reader.IsMap(*way, "through", {"hops", "containers", "agents"})) return;
  if (const YamlNode* hops = reader.Find(*way, "hops"))
    subject.way_hops = ReadHopKinds(reader, *hops);
  if (const YamlNode* containers = reader.Find(*way, "containers"))
    subject.way_left = ReadContainersLeft(reader, *containers);
  if (const YamlNode* agents = reader.Find(*way, "agents"))
    for (const YamlNode& item : reader.List(*agents, "agents"))
      if (auto name = reader.Text(item, "an agent", kLongestText))
        subject.way_agents.push_back(*std::move(name));
}

PolicyTest ReadTest(NodeReader& reader, const YamlNode& node, PolicyTest::Expected expected) {
  PolicyTest test;
  test.mark = node.mark;
  test.expected = expected;
  test.subject.workload = {"default", "pod", "uid", "container", "container-id", "image"};
  WordList fields = {"note", "rule"};
  for (const RuleKind& kind : kRuleKinds) fields.emplace_back(kind.word);
  fields.insert(fields.end(), {"by", "workload", "chain"});
  if (!reader.IsMap(node, "an example", fields)) return test;
  ReadOneAct(reader, node, test.subject);
  if (const YamlNode* note = reader.Find(node, "note"))
    test.note = reader.Text(*note, "note", kLongestText).value_or("");
  if (const YamlNode* rule = reader.Find(node, "rule")) {
    test.rule = reader.Text(*rule, "rule", kLongestText).value_or("");
    if (expected == PolicyTest::Expected::kAllow)
      reader.Fail(rule->mark, "an example of mustAllow has no `rule`: none may deny it");
  }
  if (const YamlNode* by = reader.Find(node, "by"))
    test.subject.executable = PathOf(reader, *by, "by");
  if (const YamlNode* place = reader.Find(node, "workload")) {
    test.names_workload = true;
    ReadPlace(reader, *place, test.subject);
  }
  if (const YamlNode* chain = reader.Find(node, "chain")) ReadChain(reader, *chain, test.subject);
  return test;
}

}  // namespace

std::vector<PolicyTest> ReadTests(NodeReader& reader, const YamlNode& node) {
  std::vector<PolicyTest> tests;
  if (!reader.IsMap(node, "tests", {"mustDeny", "mustAllow", "mustReport"})) return tests;
  for (const auto& [key, expected] : {std::pair{"mustDeny", PolicyTest::Expected::kDeny},
                                      {"mustAllow", PolicyTest::Expected::kAllow},
                                      {"mustReport", PolicyTest::Expected::kReport}}) {
    const YamlNode* list = reader.Find(node, key);
    if (!list) continue;
    for (const YamlNode& item : reader.List(*list, key))
      tests.push_back(ReadTest(reader, item, expected));
  }
  return tests;
}

}  // namespace nestor
