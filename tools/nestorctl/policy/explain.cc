// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "agent/base/nearest.h"
#include "agent/policy/dns_name.h"
#include "agent/policy/document.h"
#include "agent/policy/evaluate.h"
#include "agent/policy/way_reader.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/policy/source.h"
#include "tools/nestorctl/table.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

const char* WordOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDecides:
      return "decides";
    case Outcome::kWouldDeny:
      return "would decide, but for its mode";
    case Outcome::kReports:
      return "reports";
    case Outcome::kAllows:
      return "allows, and does not decide";
    case Outcome::kOverruled:
      return "overruled";
  }
  return "";
}

// "10.0.0.1:80", "[fd00::1]:80", "db.example.org:80", or a socket's path.
Status ReadConnect(const std::string& text, Subject& subject) {
  if (text.starts_with("/") || text.starts_with("@")) {
    subject.path = text;
    return {};
  }
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  const auto address = ParseCidr(host);
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const char* at = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
  const auto [stop, error] = std::from_chars(at, end, port);
  const bool named = !address && host.find('*') == std::string::npos && ParseDnsName(host).ok();
  if ((!address && !named) || (address && address->prefix_len != (address->v6 ? 128 : 32)) ||
      error != std::errc() || stop != end)
    return Error::InvalidArgument(
        "--connect takes 10.0.0.1:80, [fd00::1]:80, db.example.org:80, /run/x.sock or "
        "@abstract, not `" +
        text + "`");
  if (named) subject.names = {PlainDnsName(host)};
  // A name's address is one that nobody has (RFC 5737).
  subject.address = named ? *ParseCidr("192.0.2.1") : *address;
  subject.port = port;
  return {};
}

Status ReadLabels(const std::vector<std::string>& labels, Subject& subject) {
  for (const std::string& label : labels) {
    const size_t equal = label.find('=');
    if (equal == std::string::npos || equal == 0)
      return Error::InvalidArgument("--label takes KEY=VALUE, not `" + label + "`");
    subject.labels[label.substr(0, equal)] = label.substr(equal + 1);
  }
  return {};
}

Result<Subject> SubjectOf(const PolicyOptions& options) {
  Subject subject;
  subject.workload = {options.namespace_name, options.pod,    "uid",
                      options.container,      "container-id", options.image};
  subject.origin = *HopKindFromName(options.origin);
  subject.depth = options.depth;
  for (const std::string& word : options.through_hops) {
    if (std::ranges::find(HopWords(), word) == HopWords().end())
      return Error::InvalidArgument("--through-hop: unknown value `" + word + "`" +
                                    Suggest(word, HopWords()));
    subject.way_hops |= 1U << static_cast<unsigned>(*HopKindFromName(word));
  }
  for (const std::string& name : options.through_containers) {
    const auto left = ContainerNamed(name);
    if (!left)
      return Error::InvalidArgument(
          "--through-container takes CONTAINER or NAMESPACE/POD/CONTAINER, not `" + name + "`");
    subject.way_left.push_back(*left);
  }
  subject.way_agents = options.through_agents;
  subject.way_users = options.users;
  subject.executable = options.by;
  if (Status read = ReadLabels(options.labels, subject); !read) return read.error();
  const int acts = !options.open.empty() + !options.connect.empty() + !options.act.empty() +
                   (!options.argv.empty() || !options.exe.empty());
  if (acts != 1)
    return Error::InvalidArgument(
        "say one act: a command behind --, --open PATH, --connect PEER or --act WORDS");
  if (!options.act.empty()) {
    if (!ReadActText(options.act, subject.act))
      return Error::InvalidArgument(
          "--act takes `ptrace`, `unshare user,mnt`, `uid 1000 -> 0` or `gains CAP_SYS_ADMIN`, "
          "as verdicts have it, not `" +
          options.act + "`");
    subject.event = EventOf(subject.act);
    return subject;
  }
  if (!options.open.empty()) {
    subject.event = RuleEvent::kOpen;
    subject.path = options.open;
    subject.access = options.access == "read"    ? 1
                     : options.access == "write" ? 2
                     : options.access == "link"  ? 7
                                                 : 3;
    return subject;
  }
  if (!options.connect.empty()) {
    subject.event = RuleEvent::kConnect;
    if (Status read = ReadConnect(options.connect, subject); !read) return read.error();
    return subject;
  }
  subject.provenance = options.from == "image" ? Provenance::kImage : Provenance::kAdded;
  for (const std::string& word : options.is)
    subject.traits |=
        BitOf(static_cast<ExecTrait>(std::ranges::find(TraitWords(), word) - TraitWords().begin()));
  subject.digest = options.sha256.empty() ? std::string(64, '0') : options.sha256;
  if (subject.digest.size() != 64 ||
      subject.digest.find_first_not_of("0123456789abcdef") != std::string::npos)
    return Error::InvalidArgument(
        "--sha256 takes 64 of the digits 0-9 and a-f, as `sha256sum` prints");
  subject.argv = options.argv;
  subject.path = options.exe.empty() ? options.argv.front() : options.exe;
  if (subject.argv.empty()) subject.argv = {subject.path};
  if (subject.path.starts_with("/")) return subject;
  return Error::InvalidArgument("the program's path is not known: write " + subject.path +
                                " with its path, or give --exe PATH, as the kernel resolves it");
}

std::string PlaceOf(const CompiledRule& rule) {
  return rule.file + ":" + std::to_string(rule.line);
}

Line Answer(const CompiledPolicies& policies, const Judgement& judgement) {
  const bool would = judgement.action == Action::kAllow && judgement.would != Action::kAllow;
  const char* mark = would ? "! " : judgement.action == Action::kAllow ? "✓ " : "✗ ";
  const Style style = would ? Style::kWarning : StyleOf(judgement.action);
  return Line().Add(mark, style).Add(Why(policies, judgement), style);
}

std::vector<Line> RenderAnswer(const CompiledPolicies& policies, const Subject& subject,
                               const Judgement& judgement) {
  std::vector<Line> lines;
  const Workload& at = subject.workload;
  lines.push_back(Line()
                      .Add(SubjectText(subject), Style::kStrong)
                      .Add("  in " + at.namespace_name + "/" + at.pod + "/" + at.container + ", " +
                               std::string(Name(subject.origin)) + ", depth " +
                               std::to_string(subject.depth),
                           Style::kDim));
  lines.push_back(Answer(policies, judgement));
  if (judgement.rule && !policies.rules[*judgement.rule].message.empty())
    lines.push_back(Line().Add("  " + policies.rules[*judgement.rule].message, Style::kDim));
  if (judgement.hits.empty()) return lines;
  lines.push_back(Line().Add(Count(judgement.hits.size(), "rule matches", "rules match") + " of " +
                                 std::to_string(policies.rules.size()) +
                                 ", in the order in which they are asked:",
                             Style::kDim));
  std::vector<std::vector<Cell>> rows;
  rows.reserve(judgement.hits.size());
  for (const Hit& hit : judgement.hits) {
    const CompiledRule& rule = policies.rules[hit.rule];
    rows.push_back({{"  " + std::string(Name(rule.action)), StyleOf(rule.action)},
                    {NameOf(rule), Style::kName},
                    {std::string(Name(rule.mode))},
                    {"for " + SpecificityText(rule.specificity), Style::kDim},
                    {WordOf(hit.outcome)},
                    {PlaceOf(rule), Style::kDim}});
  }
  for (Line& line : AlignColumns(rows)) lines.push_back(std::move(line));
  return lines;
}

Json ToJson(const CompiledPolicies& policies, const Subject& subject, const Judgement& judgement) {
  Json object = {{"subject", SubjectText(subject)},
                 {"action", std::string(Name(judgement.action))},
                 {"would", std::string(Name(judgement.would))},
                 {"why", Why(policies, judgement)}};
  object["rules"] = Json::array();
  for (const Hit& hit : judgement.hits) {
    const CompiledRule& rule = policies.rules[hit.rule];
    object["rules"].push_back({{"policy", rule.policy},
                               {"rule", rule.name},
                               {"action", std::string(Name(rule.action))},
                               {"mode", std::string(Name(rule.mode))},
                               {"outcome", WordOf(hit.outcome)},
                               {"severity", rule.severity},
                               {"tags", rule.tags},
                               {"message", rule.message},
                               {"file", rule.file},
                               {"line", rule.line}});
  }
  return object;
}

}  // namespace

Result<int> RunPolicyExplain(Session& session) {
  const auto subject = SubjectOf(session.options.policy);
  if (!subject) return subject.error();
  const auto sources = ReadSources(session.options.policy.files);
  if (!sources) return sources.error();
  const auto policies = CompileSources(*sources);
  if (!policies) return policies.error();
  const Judgement judgement = Evaluate(*policies, *subject);
  const Status printed = session.format == Format::kText
                             ? PrintLines(session, RenderAnswer(*policies, *subject, judgement))
                             : PrintObject(session, ToJson(*policies, *subject, judgement));
  if (!printed) return printed.error();
  return kExitOk;
}

}  // namespace nestor::ctl
