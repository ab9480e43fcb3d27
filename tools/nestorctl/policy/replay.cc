// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "agent/policy/evaluate.h"
#include "nestor/v1/event.pb.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/policy/recorded_agents.h"
#include "tools/nestorctl/policy/source.h"
#include "tools/nestorctl/policy/ways.h"
#include "tools/nestorctl/table.h"
#include "tools/nestorctl/verify/recorded_event.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// "10.0.0.1:80" and "[fd00::1]:80" as events write them.
bool ReadPeer(const std::string& text, Subject& subject) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = text.substr(0, colon);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  const auto address = ParseCidr(host);
  if (!address) return false;
  subject.address = *address;
  subject.port = static_cast<uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
  return true;
}

// "10.0.0.1:80 (db.example.org)" is a peer that was known by that name.
void ReadPeerOrPath(const std::string& text, Subject& subject) {
  subject.event = RuleEvent::kConnect;
  const size_t name = text.ends_with(')') ? text.find(" (") : std::string::npos;
  if (!ReadPeer(text.substr(0, name), subject)) {
    subject.path = text;
    return;
  }
  if (name != std::string::npos) subject.names = {text.substr(name + 2, text.size() - name - 3)};
}

uint8_t AccessOf(const std::string& word) {
  return word == "write" ? 2 : word == "read" ? 1 : word == "link" ? 7 : 3;
}

// An act that was refused left no event of its own kind; of opens, traces, namespaces and
// credentials only verdicts are told.
bool ReadVerdict(const v1::Event& event, Subject& subject) {
  const v1::Verdict& verdict = event.verdict();
  const auto kind = RuleEventAt(StageFromName(verdict.stage()).value_or(Stage::kNone));
  if (!kind) return false;  // of a newer nestord
  subject.event = *kind;
  switch (*kind) {
    case RuleEvent::kExec:
      if (!verdict.applied() || verdict.stage() == "exec") return false;  // has its own event
      subject.path = verdict.subject();
      subject.argv = {verdict.argv().begin(), verdict.argv().end()};
      return true;
    case RuleEvent::kOpen:
      subject.path = verdict.subject();
      subject.access = AccessOf(event.file().access());
      return true;
    case RuleEvent::kConnect:
      if (!verdict.applied()) return false;  // has its own event
      ReadPeerOrPath(verdict.subject(), subject);
      return true;
    case RuleEvent::kCredential:
    case RuleEvent::kNamespace:
    case RuleEvent::kTrace:
      return ReadActText(verdict.subject(), subject.act) && EventOf(subject.act) == *kind;
  }
  return false;
}

// What an event tells of an act that policies judge; none: it tells of none.
std::optional<Subject> SubjectOf(const v1::Event& event) {
  Subject subject;
  const v1::Workload& workload = event.workload();
  if (workload.container_id().empty()) return std::nullopt;  // the host is not judged
  subject.workload = {workload.namespace_(), workload.pod(),          workload.pod_uid(),
                      workload.container(),  workload.container_id(), workload.image()};
  subject.workload.pending = workload.pending();
  subject.origin = HopKindFromName(event.origin()).value_or(HopKind::kNone);
  subject.depth = event.depth();
  subject.chain_unseen = event.confidence() == Name(Confidence::kUnseen);
  if (event.type() == "exec") {
    subject.path = event.process().exe();
    subject.argv = {event.process().argv().begin(), event.process().argv().end()};
    subject.argv_unseen = event.process().argv_truncated();
    return subject;
  }
  subject.executable = event.process().exe();
  if (event.type() == "connect") {
    ReadPeerOrPath(event.socket().peer(), subject);
    return subject;
  }
  if (event.type() == "verdict" && ReadVerdict(event, subject)) return subject;
  return std::nullopt;
}

struct Effect {
  uint64_t count = 0;
  std::set<std::string> chains;
  std::string first;  // an act that it was about
};

struct Replayed {
  uint64_t lines = 0, unreadable = 0, judged = 0, denied = 0;
  std::set<std::string> chains;                            // with a denial
  std::map<std::pair<std::string, bool>, Effect> by_rule;  // (rule, denies)
};

void Note(const std::string& rule, bool denies, const v1::Event& event, const Subject& subject,
          Replayed& replayed) {
  Effect& effect = replayed.by_rule[{rule, denies}];
  if (effect.count++ == 0) effect.first = SubjectText(subject);
  if (!event.chain_id().empty()) effect.chains.insert(event.chain_id());
}

// As if every policy were in force.
void Replay(const CompiledPolicies& policies, const v1::Event& event, Ways& ways,
            RecordedAgents& agents, Replayed& replayed) {
  if (event.has_hop()) ways.Take(event.hop());
  agents.Take(event);
  auto subject = SubjectOf(event);
  if (!subject) return;
  ways.Fill(event.hop_id(), *subject);
  agents.Fill(event, *subject);
  ++replayed.judged;
  const Judgement judgement = Evaluate(policies, *subject);
  for (const Hit& hit : judgement.hits)
    if (hit.outcome == Outcome::kReports)
      Note(NameOf(policies.rules[hit.rule]), false, event, *subject, replayed);
  const bool denied = judgement.would == Action::kDeny || judgement.would == Action::kKill;
  if (!denied) return;
  ++replayed.denied;
  if (!event.chain_id().empty()) replayed.chains.insert(event.chain_id());
  Note(NameOf(policies.rules[*judgement.would_rule]), true, event, *subject, replayed);
}

Status ReadEvents(std::istream& in, const CompiledPolicies& policies, Replayed& replayed) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string line;
  Ways ways;
  RecordedAgents agents;
  while (std::getline(in, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    ++replayed.lines;
    v1::Event event;
    const bool fine = line.size() <= kLongestRecordedLine &&
                      google::protobuf::util::JsonStringToMessage(line, &event, options).ok();
    if (fine)
      Replay(policies, event, ways, agents, replayed);
    else
      ++replayed.unreadable;
  }
  if (in.bad()) return Error{ErrorCode::kDataLoss, "the events end in the middle"};
  return {};
}

// Labels are not in events: a rule that asks for them is judged as if it were met.
bool ForgetLabels(CompiledPolicies& policies) {
  bool any = false;
  for (CompiledRule& rule : policies.rules) {
    any = any || !rule.selector.labels.empty() || !rule.selector.expressions.empty();
    rule.selector.labels.clear();
    rule.selector.expressions.clear();
    std::erase_if(rule.except, [](const WorkloadSelector& selector) {
      return !selector.labels.empty() || !selector.expressions.empty();
    });
  }
  return any;
}

// Nor is what a program's file was: a rule that asks for it is left out.
bool LeaveOutFileRules(CompiledPolicies& policies) {
  bool any = false;
  for (CompiledRule& rule : policies.rules) {
    if (rule.traits == 0 && !rule.provenance && rule.digests.empty()) continue;
    any = true;
    rule.min_depth = 1;
    rule.max_depth = 0;
  }
  return any;
}

struct Forgotten {
  bool labels = false;
  bool files = false;
};

std::vector<Line> RenderReplay(const Replayed& replayed, Forgotten forgotten) {
  std::vector<Line> lines;
  lines.push_back(Line()
                      .Add(Count(replayed.lines, "line", "lines") + ", " +
                           std::to_string(replayed.judged) + " of them acts that policies judge: ")
                      .Add(replayed.denied
                               ? std::to_string(replayed.denied) + " would be denied in " +
                                     Count(replayed.chains.size(), "chain", "chains")
                               : "none would be denied",
                           replayed.denied ? Style::kBad : Style::kGood));
  std::vector<std::vector<Cell>> rows;
  rows.reserve(replayed.by_rule.size());
  for (const auto& [rule, effect] : replayed.by_rule)
    rows.push_back(
        {{rule.second ? "  ✗ denies" : "  ! reports", rule.second ? Style::kBad : Style::kWarning},
         {rule.first, Style::kName},
         {Count(effect.count, "act", "acts")},
         {"in " + Count(effect.chains.size(), "chain", "chains"), Style::kDim},
         {"such as " + effect.first}});
  for (Line& line : AlignColumns(rows)) lines.push_back(std::move(line));
  if (replayed.unreadable)
    lines.push_back(Line().Add(
        "! " + Count(replayed.unreadable, "line is", "lines are") + " no event, and not judged",
        Style::kWarning));
  if (forgotten.labels)
    lines.push_back(
        Line().Add("! labels of pods are not in events: rules that select by them are "
                   "judged for every pod",
                   Style::kWarning));
  if (forgotten.files)
    lines.push_back(
        Line().Add("! what a program's file was is not in events: rules with `is`, `from` or "
                   "`sha256` are not judged",
                   Style::kWarning));
  lines.push_back(
      Line().Add("Opens are told in verdicts only, and what was masked stays masked: a "
                 "file rule that no rule like it was in force for shows nothing here.",
                 Style::kDim));
  return lines;
}

Status PrintAsJson(Session& session, const Replayed& replayed) {
  for (const auto& [rule, effect] : replayed.by_rule) {
    const Status printed = PrintObject(session, {{"rule", rule.first},
                                                 {"denies", rule.second},
                                                 {"acts", effect.count},
                                                 {"chains", effect.chains},
                                                 {"first", effect.first}});
    if (!printed) return printed;
  }
  return PrintObject(session, {{"events", replayed.lines},
                               {"unreadable", replayed.unreadable},
                               {"judged", replayed.judged},
                               {"denied", replayed.denied},
                               {"chains", replayed.chains}});
}

}  // namespace

Result<int> RunPolicyReplay(Session& session) {
  const PolicyOptions& options = session.options.policy;
  const auto sources = ReadSources(options.files);
  if (!sources) return sources.error();
  auto policies = CompileSources(*sources);
  if (!policies) return policies.error();
  const Forgotten forgotten = {ForgetLabels(*policies), LeaveOutFileRules(*policies)};
  Replayed replayed;
  Status read;
  if (options.events == "-") {
    read = ReadEvents(std::cin, *policies, replayed);
  } else {
    std::ifstream file(options.events);
    if (!file) return Error::FromErrno("open " + options.events, errno);
    read = ReadEvents(file, *policies, replayed);
  }
  if (!read) return read.error();
  const Status printed = session.format == Format::kText
                             ? PrintLines(session, RenderReplay(replayed, forgotten))
                             : PrintAsJson(session, replayed);
  if (!printed) return printed.error();
  return replayed.unreadable == 0 ? kExitOk : kExitFailure;
}

}  // namespace nestor::ctl
