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

std::string SubjectText(const Subject& subject) {
  std::string text = std::string(Name(subject.event)) + " ";
  if (subject.event == RuleEvent::kOpen)
    return text +
           (subject.access == 1   ? "read "
            : subject.access == 2 ? "write "
            : subject.access == 7 ? "link "
                                  : "") +
           ShellQuote(subject.path);
  if (subject.event == RuleEvent::kConnect && subject.address)
    return text + FormatAddress(*subject.address) + " port " + std::to_string(subject.port) +
           (subject.names.empty() ? "" : " (" + subject.names.front() + ")");
  if (subject.event == RuleEvent::kTrace)
    return text + std::string(WordsOf(subject.act.operation, OperationWords()).front());
  if (subject.event == RuleEvent::kNamespace) return text + NamespaceText(subject.act);
  if (subject.event == RuleEvent::kCredential) return text + CredentialText(subject.act, "");
  text += ShellQuote(subject.path);
  if (subject.event != RuleEvent::kExec || subject.argv.empty()) return text;
  text += "  (";
  for (size_t i = 0; i < subject.argv.size(); ++i)
    text += (i > 0 ? " " : "") + ShellQuote(subject.argv[i]);
  return text + ")";
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
