// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/policy/print.h"

#include "agent/policy/address.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/shell_quote.h"

namespace nestor::ctl {

Status PrintLines(Session& session, const std::vector<Line>& lines) {
  return session.output->Write(Render(lines, 0, session.color));
}

Status PrintObject(Session& session, const Json& object) {
  const int indent = session.format == Format::kJson ? 2 : -1;
  const std::string text = object.dump(indent, ' ', false, Json::error_handler_t::replace);
  return session.output->Write(EscapeHostileJson(text) + "\n");
}

namespace {

std::string ExecText(const Subject& subject) {
  std::string text = ShellQuote(subject.path);
  if (subject.argv.empty()) return text;
  text += "  (";
  for (size_t i = 0; i < subject.argv.size(); ++i)
    text += (i > 0 ? " " : "") + ShellQuote(subject.argv[i]);
  return text + ")";
}

std::string FileText(const Subject& subject) {
  return (subject.access == 1   ? "read "
          : subject.access == 2 ? "write "
          : subject.access == 7 ? "link "
                                : "") +
         ShellQuote(subject.path);
}

std::string ConnectText(const Subject& subject) {
  if (!subject.address) return ShellQuote(subject.path);
  return FormatAddress(*subject.address) + " port " + std::to_string(subject.port) +
         (subject.names.empty() ? "" : " (" + subject.names.front() + ")");
}

// What is done, beside the word of its kind.
std::string ActText(const Subject& subject) {
  switch (subject.event) {
    case RuleEvent::kExec:
      return ExecText(subject);
    case RuleEvent::kOpen:
      return FileText(subject);
    case RuleEvent::kConnect:
      return ConnectText(subject);
    case RuleEvent::kCredential:
      return CredentialText(subject.act, "");
    case RuleEvent::kNamespace:
      return NamespaceText(subject.act);
    case RuleEvent::kTrace:
      return std::string(WordsOf(subject.act.operation, OperationWords()).front());
  }
  return "";
}

}  // namespace

std::string SubjectText(const Subject& subject) {
  return std::string(Name(subject.event)) + " " + ActText(subject);
}

Style StyleOf(Action action) {
  switch (action) {
    case Action::kDeny:
    case Action::kKill:
      return Style::kBad;
    case Action::kAudit:
      return Style::kWarning;
    case Action::kNone:
    case Action::kAllow:
      break;
  }
  return Style::kGood;
}

}  // namespace nestor::ctl
