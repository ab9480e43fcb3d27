// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "agent/policy/compile.h"
#include "agent/policy/evaluate.h"
#include "tools/nestorctl/command_line.h"
#include "tools/nestorctl/policy/commands.h"
#include "tools/nestorctl/policy/print.h"
#include "tools/nestorctl/policy/source.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

using Expected = PolicyTest::Expected;

const char* WordOf(Expected expected) {
  switch (expected) {
    case Expected::kDeny:
      return "mustDeny";
    case Expected::kAllow:
      return "mustAllow";
    case Expected::kReport:
      return "mustReport";
  }
  return "";
}

// One example with where it stands and what came of it.
struct Judged {
  std::string file;
  const PolicyTest* test = nullptr;
  bool as_expected = false;
  std::string said;
};

struct Tested {
  std::string policy;
  std::vector<Judged> examples;

  size_t failed() const {
    return static_cast<size_t>(std::count_if(examples.begin(), examples.end(),
                                             [](const Judged& one) { return !one.as_expected; }));
  }
};

bool IsFrom(const CompiledPolicies& policies, size_t rule, const std::string& name) {
  return name.empty() || policies.rules[rule].name == name;
}

bool IsAsExpected(const CompiledPolicies& policies, const Judgement& judgement,
                  const PolicyTest& test) {
  const bool denied = judgement.action == Action::kDeny || judgement.action == Action::kKill;
  switch (test.expected) {
    case Expected::kDeny:
      return denied && IsFrom(policies, *judgement.rule, test.rule);
    case Expected::kAllow:
      return !denied;
    case Expected::kReport:
      return std::any_of(judgement.hits.begin(), judgement.hits.end(), [&](const Hit& hit) {
        return hit.outcome == Outcome::kReports && IsFrom(policies, hit.rule, test.rule);
      });
  }
  return false;
}

// A policy is tested alone and as if it were in force; an example that names no workload stands
// for one that the policy selects.
Result<CompiledPolicies> ForTests(PolicyDocument policy, bool any_workload) {
  policy.mode = Mode::kEnforce;
  if (any_workload) policy.selector = WorkloadSelector();
  return Compile({std::move(policy)}, 1);
}

Status JudgeAll(const PolicyDocument& policy, const std::string& file,
                const std::vector<PolicyTest>& tests, Tested& tested) {
  const auto selected = ForTests(policy, false);
  if (!selected) return selected.error();
  const auto anywhere = ForTests(policy, true);
  if (!anywhere) return anywhere.error();
  for (const PolicyTest& test : tests) {
    const CompiledPolicies& policies = test.names_workload ? *selected : *anywhere;
    const Judgement judgement = Evaluate(policies, test.subject);
    tested.examples.push_back(
        {file, &test, IsAsExpected(policies, judgement, test), Why(policies, judgement)});
  }
  return {};
}

// The policies of all sources, with the examples in their own file and in files of tests.
Result<std::vector<Tested>> TestSources(const std::vector<PolicySource>& sources) {
  std::vector<Tested> all;
  std::map<std::string, std::pair<const PolicyDocument*, size_t>> by_name;
  for (const PolicySource& source : sources)
    for (const PolicyDocument& policy : source.policies) {
      by_name[policy.name] = {&policy, all.size()};
      all.push_back({policy.name, {}});
      if (Status judged = JudgeAll(policy, source.file, policy.tests, all.back()); !judged)
        return judged.error();
    }
  for (const PolicySource& source : sources)
    for (const PolicyTestDocument& document : source.tests) {
      const auto found = by_name.find(document.policy);
      if (found == by_name.end())
        return Error::NotFound(source.file + ": tests of policy `" + document.policy +
                               "`, which is in no file that was given");
      const auto& [policy, index] = found->second;
      if (Status judged = JudgeAll(*policy, source.file, document.tests, all[index]); !judged)
        return judged.error();
    }
  return all;
}

void AddLines(const Tested& tested, std::vector<Line>& lines) {
  Line head;
  const size_t failed = tested.failed();
  if (tested.examples.empty()) {
    lines.push_back(head.Add("- ", Style::kWarning)
                        .Add(tested.policy, Style::kName)
                        .Add("  no examples", Style::kWarning));
    return;
  }
  head.Add(failed ? "✗ " : "✓ ", failed ? Style::kBad : Style::kGood)
      .Add(tested.policy, Style::kName);
  const std::string count = Count(tested.examples.size(), "example", "examples");
  lines.push_back(head.Add(
      failed ? "  " + std::to_string(failed) + " of " + count + " not as expected" : "  " + count));
  for (const Judged& one : tested.examples) {
    if (one.as_expected) continue;
    lines.push_back(Line()
                        .Add("  " + one.file + ":" + std::to_string(one.test->mark.line) + ":" +
                                 std::to_string(one.test->mark.column) + "  ",
                             Style::kDim)
                        .Add(WordOf(one.test->expected), Style::kStrong)
                        .Add(one.test->rule.empty() ? "" : " by " + one.test->rule)
                        .Add(": " + SubjectText(one.test->subject)));
    if (!one.test->note.empty()) lines.push_back(Line().Add("    " + one.test->note, Style::kDim));
    lines.push_back(Line().Add("    but it is ").Add(one.said, Style::kBad));
  }
}

Json ToJson(const Tested& tested) {
  Json object = {
      {"policy", tested.policy}, {"examples", tested.examples.size()}, {"failed", tested.failed()}};
  object["failures"] = Json::array();
  for (const Judged& one : tested.examples) {
    if (one.as_expected) continue;
    object["failures"].push_back({{"file", one.file},
                                  {"line", one.test->mark.line},
                                  {"column", one.test->mark.column},
                                  {"expected", WordOf(one.test->expected)},
                                  {"rule", one.test->rule},
                                  {"subject", SubjectText(one.test->subject)},
                                  {"said", one.said}});
  }
  return object;
}

}  // namespace

Result<int> RunPolicyTest(Session& session) {
  const auto sources = ReadSources(session.options.policy.files);
  if (!sources) return sources.error();
  for (const PolicySource& source : *sources)
    if (!source.faults.empty())
      return ToErrors(source.faults, source.file).front().In("nothing is tested");
  const auto tested = TestSources(*sources);
  if (!tested) return tested.error();
  size_t failed = 0, examples = 0;
  std::vector<Line> lines;
  for (const Tested& one : *tested) {
    failed += one.failed();
    examples += one.examples.size();
    AddLines(one, lines);
  }
  lines.push_back(failed
                      ? Line().Add(std::to_string(failed) + " of " +
                                       Count(examples, "example", "examples") + " not as expected",
                                   Style::kBad)
                      : Line().Add(Count(examples, "example", "examples") + " as expected"));
  Status printed;
  if (session.format == Format::kText) {
    printed = PrintLines(session, lines);
  } else {
    for (const Tested& one : *tested)
      if (printed = PrintObject(session, ToJson(one)); !printed) break;
  }
  if (!printed) return printed.error();
  return failed ? kExitFailure : kExitOk;
}

}  // namespace nestor::ctl
