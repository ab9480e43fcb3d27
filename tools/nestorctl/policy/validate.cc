// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/policy/compile.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/policy/source.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// The line of the text, from 1; "" beyond its end.
std::string_view LineOf(std::string_view text, int number) {
  for (; number > 1; --number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// "  6 │   mdoe: enforce" and a mark under the place.
void AddPlace(const PolicySource& source, YamlMark mark, std::vector<Line>& lines) {
  constexpr size_t kLongest = 120;
  const std::string_view line = LineOf(source.text, mark.line);
  const auto column = static_cast<size_t>(std::max(mark.column, 1)) - 1;
  if (line.empty() || column >= std::min(line.size(), kLongest)) return;
  const std::string number = std::to_string(mark.line);
  const size_t width = DisplayWidth(EscapeHostile(line.substr(0, column)));
  lines.push_back(Line()
                      .Add("    " + number + " │ ", Style::kDim)
                      .Add(line.substr(0, kLongest))
                      .Add(line.size() > kLongest ? "…" : "", Style::kDim));
  lines.push_back(Line()
                      .Add("    " + std::string(number.size(), ' ') + " │ ", Style::kDim)
                      .Add(std::string(width, ' '))
                      .Add("^", Style::kBad));
}

void AddPlaces(const PolicySource& source, const std::vector<Fault>& faults,
               std::vector<Line>& lines) {
  constexpr size_t kMost = 50;
  for (size_t i = 0; i < std::min(faults.size(), kMost); ++i) {
    const Fault& fault = faults[i];
    lines.push_back(Line()
                        .Add("  " + std::to_string(fault.mark.line) + ":" +
                                 std::to_string(fault.mark.column) + "  ",
                             Style::kDim)
                        .Add(fault.reason));
    AddPlace(source, fault.mark, lines);
  }
  if (faults.size() > kMost)
    lines.push_back(Line().Add("  and " + Count(faults.size() - kMost, "more fault", "more faults"),
                               Style::kDim));
}

void AddFaults(const PolicySource& source, std::vector<Line>& lines) {
  lines.push_back(Line().Add("✗ ", Style::kBad).Add(source.file, Style::kStrong));
  AddPlaces(source, source.faults, lines);
  AddPlaces(source, source.idle, lines);
}

size_t TestsOf(const PolicySource& source) {
  size_t tests = 0;
  for (const PolicyDocument& policy : source.policies) tests += policy.tests.size();
  for (const PolicyTestDocument& document : source.tests) tests += document.tests.size();
  return tests;
}

void AddFine(const PolicySource& source, std::vector<Line>& lines) {
  const bool idle = !source.idle.empty();
  lines.push_back(Line()
                      .Add(idle ? "✗ " : "✓ ", idle ? Style::kBad : Style::kGood)
                      .Add(source.file, Style::kStrong));
  AddPlaces(source, source.idle, lines);
  for (const PolicyDocument& policy : source.policies) {
    Line line;
    line.Add("  ").Add(policy.name, Style::kName);
    line.Add("  " + Count(policy.rules.size(), "rule", "rules") + ", mode ");
    line.Add(std::string(Name(policy.mode)),
             policy.mode == Mode::kEnforce ? Style::kGood : Style::kWarning);
    line.Add(", for " + SpecificityText(SpecificityOf(policy.selector)), Style::kDim);
    if (policy.default_deny) line.Add(", default deny", Style::kWarning);
    lines.push_back(line);
  }
  if (const size_t tests = TestsOf(source))
    lines.push_back(Line().Add(
        "  " + Count(tests, "example", "examples") + "; nestorctl policy test judges them",
        Style::kDim));
  for (const std::string& note : source.notes)
    lines.push_back(Line().Add("  ! " + note, Style::kWarning));
}

void AddTogether(const std::vector<PolicySource>& sources, const Result<CompiledPolicies>& compiled,
                 std::vector<Line>& lines) {
  size_t bad = 0;
  for (const PolicySource& source : sources) bad += !source.faults.empty();
  if (bad > 0) {
    lines.push_back(Line().Add(Count(bad, "file", "files") + " of " +
                                   std::to_string(sources.size()) +
                                   " would be refused; nestord takes a file whole or not at all",
                               Style::kBad));
    return;
  }
  if (!compiled) {
    lines.push_back(Line().Add("✗ together: " + compiled.error().message, Style::kBad));
    return;
  }
  size_t states = 0;
  for (const Dfa* dfa : {&compiled->exec_path, &compiled->argv, &compiled->open_path,
                         &compiled->unix_path, &compiled->except_path, &compiled->dns_name})
    states = std::max(states, dfa->states());
  lines.push_back(Line()
                      .Add("together  ")
                      .Add(Count(compiled->rules.size(), "rule", "rules") + " of " +
                           std::to_string(kMaxRules) + " in the kernel")
                      .Add(", largest automaton " + Count(states, "state", "states"), Style::kDim));
}

Json ToJson(const PolicySource& source) {
  Json object = {{"file", source.file}, {"ok", source.faults.empty() && source.idle.empty()}};
  object["policies"] = Json::array();
  for (const PolicyDocument& policy : source.policies)
    object["policies"].push_back({{"name", policy.name},
                                  {"mode", std::string(Name(policy.mode))},
                                  {"rules", policy.rules.size()}});
  object["faults"] = Json::array();
  for (const Fault& fault : source.faults)
    object["faults"].push_back(
        {{"line", fault.mark.line}, {"column", fault.mark.column}, {"reason", fault.reason}});
  object["idle"] = Json::array();
  for (const Fault& fault : source.idle)
    object["idle"].push_back(
        {{"line", fault.mark.line}, {"column", fault.mark.column}, {"reason", fault.reason}});
  object["notes"] = source.notes;
  return object;
}

Status PrintAsJson(Session& session, const std::vector<PolicySource>& sources,
                   const Result<CompiledPolicies>& compiled) {
  for (const PolicySource& source : sources)
    if (Status printed = PrintObject(session, ToJson(source)); !printed) return printed;
  if (compiled) return {};
  return PrintObject(session, {{"ok", false}, {"together", compiled.error().message}});
}

}  // namespace

Result<int> RunPolicyValidate(Session& session) {
  const auto sources = ReadSources(session.options.policy.files);
  if (!sources) return sources.error();
  const Result<CompiledPolicies> compiled = CompileSources(*sources);
  const bool idle = std::ranges::any_of(
      *sources, [](const PolicySource& source) { return !source.idle.empty(); });
  const int exit_code = compiled && !idle ? kExitOk : kExitFailure;
  Status printed;
  if (session.format == Format::kText) {
    std::vector<Line> lines;
    for (const PolicySource& source : *sources)
      source.faults.empty() ? AddFine(source, lines) : AddFaults(source, lines);
    AddTogether(*sources, compiled, lines);
    printed = PrintLines(session, lines);
  } else {
    printed = PrintAsJson(session, *sources, compiled);
  }
  if (!printed) return printed.error();
  return exit_code;
}

}  // namespace nestor::ctl
