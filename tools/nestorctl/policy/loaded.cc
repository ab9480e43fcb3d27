// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/policy/loaded.h"

#include <algorithm>

#include "agent/base/nearest.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/table.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

std::string LastOf(const v1::RuleHits& hits, WallTime now) {
  return hits.has_last() ? FormatAge(now - ToWallTime(hits.last())) + " ago" : "";
}

Cell Number(uint64_t number, Style style) {
  return {std::to_string(number), number > 0 ? style : Style::kDim};
}

void AddHits(const v1::RuleHits& hits, WallTime now, std::vector<Cell>& row) {
  row.push_back(Number(hits.verdicts(), Style::kPlain));
  row.push_back(Number(hits.denials(), Style::kBad));
  row.push_back(Number(hits.would_be_denials(), Style::kWarning));
  row.push_back({LastOf(hits, now), Style::kDim});
}

void AddPolicy(const v1::LoadedPolicy& policy, WallTime now, std::vector<std::vector<Cell>>& rows) {
  const bool enforce = policy.mode() == "enforce";
  std::vector<Cell>& row = rows.emplace_back();
  row = {{policy.name(), Style::kName},
         {policy.mode(), enforce ? Style::kGood : Style::kWarning},
         {std::to_string(policy.rules())}};
  AddHits(policy.hits(), now, row);
  row.push_back({policy.selects() + (policy.default_deny() ? ", default deny" : "")});
  row.push_back({policy.file(), Style::kDim});
}

void AddRule(const v1::LoadedPolicy& policy, const v1::LoadedRule& rule, WallTime now,
             std::vector<std::vector<Cell>>& rows) {
  std::vector<Cell>& row = rows.emplace_back();
  row = {{"  " + rule.name()}, {rule.action()}, {rule.kind(), Style::kDim}};
  AddHits(rule.hits(), now, row);
  std::string words = rule.severity();
  for (const std::string& tag : rule.tags()) words += (words.empty() ? "" : " ") + tag;
  row.push_back({words, Style::kDim});
  row.push_back({policy.file() + ":" + std::to_string(rule.line()), Style::kDim});
}

Result<const v1::LoadedPolicy*> Find(const v1::Status& status, const std::string& name) {
  std::vector<std::string_view> names;
  for (const v1::LoadedPolicy& policy : status.policies()) {
    if (policy.name() == name) return &policy;
    names.emplace_back(policy.name());
  }
  return Error::NotFound("no policy `" + name + "` is in force" +
                         (names.empty() ? "; none is" : Suggest(name, names)));
}

Line Fact(const v1::LoadedPolicy& policy, uint64_t generation, WallTime now) {
  const v1::RuleHits& hits = policy.hits();
  Line line;
  line.Add(policy.name(), Style::kName)
      .Add(" is in mode ")
      .Add(policy.mode(), policy.mode() == "enforce" ? Style::kGood : Style::kWarning)
      .Add(" in generation " + std::to_string(generation) + ". Since nestord started ");
  if (hits.verdicts() == 0) return line.Add("none of its rules matched.");
  line.Add(Count(hits.verdicts(), "act matched", "acts matched") + ": " +
           std::to_string(hits.denials()) + " denied, " + std::to_string(hits.would_be_denials()) +
           " would have been");
  return line.Add(", the last " + LastOf(hits, now) + ".");
}

void AddHow(const v1::LoadedPolicy& policy, const std::string& mode, std::vector<Line>& lines) {
  const bool written = policy.mode_line() != 0;
  const std::string place =
      policy.file() + (written ? ":" + std::to_string(policy.mode_line()) : "");
  lines.push_back(Line().Add(
      "nestord takes no changes over its socket: what is in force is what the files say."));
  const std::vector<std::pair<std::string, std::string>> steps = {
      {place, written ? "write  mode: " + mode : "write  mode: " + mode + "  below spec:"},
      {"nestorctl policy validate " + policy.file(), "must find nothing"},
      {"kill -HUP $(pidof nestord)", "or roll the DaemonSet, when the files are a ConfigMap"},
      {"nestorctl policy mode " + policy.name(), "must say " + mode}};
  std::vector<std::vector<Cell>> rows;
  rows.reserve(steps.size());
  for (size_t i = 0; i < steps.size(); ++i)
    rows.push_back({{"  " + std::to_string(i + 1)},
                    {steps[i].first, Style::kStrong},
                    {steps[i].second, Style::kDim}});
  for (Line& line : AlignColumns(rows)) lines.push_back(std::move(line));
  if (mode == "enforce" && policy.hits().would_be_denials() > 0)
    lines.push_back(
        Line().Add("! what would have been denied so far then is: nestorctl events "
                   "--type verdict shows it",
                   Style::kWarning));
  for (const std::string& reason : policy.unenforceable())
    lines.push_back(Line().Add("! cannot be enforced here: " + reason, Style::kWarning));
}

void AddWarnings(const v1::Status& status, std::vector<Line>& lines) {
  for (const std::string& warning : status.warnings())
    lines.push_back(Line().Add("! " + warning, Style::kWarning));
}

}  // namespace

std::vector<Line> RenderLoaded(const v1::Status& status, bool all, WallTime now) {
  if (status.policies().empty()) {
    std::vector<Line> lines = {
        Line().Add("no policy is in force: nothing is denied", Style::kWarning)};
    AddWarnings(status, lines);
    return lines;
  }
  std::vector<std::vector<Cell>> rows = {{}};
  for (const char* name :
       {"POLICY", "MODE", "RULES", "HITS", "DENIED", "WOULD BE", "LAST", "FOR", "FILE"})
    rows.front().push_back({name, Style::kDim});
  for (const v1::LoadedPolicy& policy : status.policies()) {
    AddPolicy(policy, now, rows);
    if (!all) continue;
    for (const v1::LoadedRule& rule : policy.details()) AddRule(policy, rule, now, rows);
  }
  std::vector<Line> lines = AlignColumns(rows);
  for (const v1::LoadedPolicy& policy : status.policies())
    for (const std::string& reason : policy.unenforceable())
      lines.push_back(
          Line().Add("! " + policy.name() + " cannot be enforced: " + reason, Style::kWarning));
  lines.push_back(Line().Add("generation " + std::to_string(status.policy_generation()) +
                                 " in the kernel; counted since nestord started, " +
                                 FormatAge(now - ToWallTime(status.started())) + " ago",
                             Style::kDim));
  AddWarnings(status, lines);
  return lines;
}

Result<std::vector<Line>> RenderMode(const v1::Status& status, const std::string& name,
                                     const std::string& mode, WallTime now) {
  const auto policy = Find(status, name);
  if (!policy) return policy.error();
  std::vector<Line> lines = {Fact(**policy, status.policy_generation(), now)};
  if (!mode.empty() && mode != (*policy)->mode()) AddHow(**policy, mode, lines);
  return lines;
}

Result<int> PrintLoaded(Session& session, const v1::Status& status) {
  if (session.format == Format::kText) {
    const size_t columns = SizeOf(session.fd, session.terminal).columns;
    const std::vector<Line> lines = RenderLoaded(status, session.options.all, Now());
    const Status printed = session.output->Write(Render(lines, columns, session.color));
    if (!printed) return printed.error();
    return kExitOk;
  }
  for (const v1::LoadedPolicy& policy : status.policies()) {
    const auto text = session.format == Format::kJson ? ToJsonDocument(policy) : ToJsonLine(policy);
    if (!text) return text.error();
    const std::string end = session.format == Format::kJson ? "" : "\n";
    if (Status printed = session.output->Write(*text + end); !printed) return printed.error();
  }
  return kExitOk;
}

Result<int> PrintMode(Session& session, const v1::Status& status) {
  const PolicyOptions& options = session.options.policy;
  const auto policy = Find(status, options.name);
  if (!policy) return policy.error();
  const bool already = options.mode.empty() || options.mode == (*policy)->mode();
  const int exit_code = already ? kExitOk : kExitFailure;
  Status printed;
  if (session.format == Format::kText) {
    const auto lines = RenderMode(status, options.name, options.mode, Now());
    if (!lines) return lines.error();
    printed = PrintLines(session, *lines);
  } else {
    printed = PrintObject(session, {{"policy", (*policy)->name()},
                                    {"mode", (*policy)->mode()},
                                    {"generation", std::to_string(status.policy_generation())},
                                    {"file", (*policy)->file()},
                                    {"line", (*policy)->mode_line()}});
  }
  if (!printed) return printed.error();
  return exit_code;
}

}  // namespace nestor::ctl
