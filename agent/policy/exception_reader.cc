// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/exception_reader.h"

#include <charconv>

#include "agent/policy/pattern_reader.h"
#include "agent/policy/selector_reader.h"

namespace nestor {
namespace {

// "2026-12-31", a day that exists.
std::optional<std::chrono::sys_days> ParseDay(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0;
  const auto number = [&text](size_t at, size_t length, auto& value) {
    const char* begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + length, value);
    return error == std::errc() && end == begin + length;
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !number(0, 4, year) ||
      !number(5, 2, month) || !number(8, 2, day) || text[0] == '-')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

WordList FieldsFor(RuleEvent event) {
  WordList fields = {"reason", "until", "executables"};
  fields.insert(fields.end(), WorkloadFields().begin(), WorkloadFields().end());
  switch (event) {
    case RuleEvent::kExec:
      fields.insert(fields.end(), {"paths", "args", "commandLine"});
      break;
    case RuleEvent::kOpen:
      fields.emplace_back("paths");
      break;
    case RuleEvent::kConnect:
      fields.insert(fields.end(), {"cidrs", "unix"});
      break;
    case RuleEvent::kCredential:
    case RuleEvent::kNamespace:
    case RuleEvent::kTrace:
      break;  // they have no patterns that something could be taken out of
  }
  return fields;
}

void ReadMatches(NodeReader& reader, const YamlNode& node, RuleEvent event,
                 ExceptionDocument& exception) {
  if (const YamlNode* paths = reader.Find(node, "executables"))
    exception.executables = ReadPaths(reader, *paths, "executables", PathKind::kFile);
  if (const YamlNode* paths = reader.Find(node, "paths"))
    exception.paths = ReadPaths(reader, *paths, "paths", PathKind::kFile);
  if (event == RuleEvent::kConnect) {
    if (const YamlNode* paths = reader.Find(node, "unix"))
      exception.paths = ReadPaths(reader, *paths, "unix", PathKind::kSocket);
    if (const YamlNode* cidrs = reader.Find(node, "cidrs"))
      exception.cidrs = ReadCidrs(reader, *cidrs);
  }
  if (event != RuleEvent::kExec) return;
  if (const YamlNode* args = reader.Find(node, "args"))
    exception.args = ReadArguments(reader, *args);
  if (const YamlNode* lines = reader.Find(node, "commandLine")) {
    if (!exception.args.empty())
      reader.Fail(lines->mark, "an exception has `args` or `commandLine`, not both");
    exception.args = ReadCommandLines(reader, *lines);
  }
}

ExceptionDocument ReadException(NodeReader& reader, const YamlNode& node, RuleEvent event,
                                std::vector<FeatureUse>& features) {
  constexpr size_t kLongestReason = 512;
  ExceptionDocument exception;
  exception.mark = node.mark;
  if (!reader.IsMap(node, "an exception", FieldsFor(event))) return exception;
  if (const YamlNode* reason = reader.Find(node, "reason"))
    exception.reason = reader.Text(*reason, "reason", kLongestReason).value_or("");
  if (const YamlNode* until = reader.Find(node, "until")) {
    exception.until = ParseDay(until->scalar);
    if (!exception.until)
      reader.Fail(until->mark, "until " + Shown(until->scalar) +
                                   " must be a day such as 2026-12-31, the last one on which the "
                                   "exception counts");
  }
  const size_t before = reader.faults();
  exception.selector = ReadWorkload(reader, node);
  ReadMatches(reader, node, event, exception);
  if (const YamlNode* at = reader.Find(node, "executables"); at && event == RuleEvent::kExec)
    features.push_back({Feature::kExecExecutables, at->mark});
  const bool empty = exception.selector.empty() && exception.executables.empty() &&
                     exception.paths.empty() && exception.args.empty() && exception.cidrs.empty();
  if (empty && reader.faults() == before)
    reader.Fail(node.mark,
                "an exception needs something that it is for; a rule for nothing is a mistake");
  if (!exception.paths.empty() && !exception.cidrs.empty())
    reader.Fail(node.mark, "`unix` and `cidrs` never match together: write two exceptions");
  return exception;
}

}  // namespace

std::vector<ExceptionDocument> ReadExceptions(NodeReader& reader, const YamlNode& node,
                                              RuleEvent event, std::vector<FeatureUse>& features) {
  std::vector<ExceptionDocument> exceptions;
  for (const YamlNode& item : reader.List(node, "exceptions"))
    exceptions.push_back(ReadException(reader, item, event, features));
  return exceptions;
}

}  // namespace nestor
