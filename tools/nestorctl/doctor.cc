// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/doctor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

constexpr int kIndent = 1;  // as protobuf's writer does

struct Mark {
  std::string_view text;
  Style style;
};

Mark MarkOf(const v1::Capability& capability) {
  if (capability.available()) return {"✓ ", Style::kGood};
  return IsBlocking(capability) ? Mark{"✗ ", Style::kBad} : Mark{"! ", Style::kWarning};
}

void AddCapability(const v1::Capability& capability, size_t name_columns,
                   std::vector<Line>& lines) {
  const Mark mark = MarkOf(capability);
  const std::string name = PadToWidth(EscapeHostile(capability.name()), name_columns);
  lines.push_back(Line().Add(mark.text, mark.style).Add(name + "  ").Add(capability.detail()));
  if (capability.available()) return;
  const std::string indent(name_columns + 4, ' ');
  if (!capability.effect().empty()) {
    lines.push_back(Line().Add(indent + "without it: " + capability.effect(), mark.style));
  }
  if (!capability.fix().empty()) lines.push_back(Line().Add(indent + "fix: " + capability.fix()));
}

Line Conclusion(const v1::Status& status) {
  const auto count = [&](auto condition) {
    return static_cast<uint64_t>(
        std::count_if(status.capabilities().begin(), status.capabilities().end(), condition));
  };
  const uint64_t blocking = count(IsBlocking);
  const uint64_t lesser =
      count([](const v1::Capability& each) { return !each.available() && !each.required(); });
  if (blocking > 0) {
    return Line().Add(Count(blocking, "required capability is", "required capabilities are") +
                          " missing: nestord cannot do its main job here",
                      Style::kBad);
  }
  if (lesser > 0) {
    return Line().Add("nestord does its main job here; " +
                          Count(lesser, "capability is", "capabilities are") + " missing",
                      Style::kWarning);
  }
  return Line().Add("everything nestord can use is here", Style::kGood);
}

std::string Dump(const Json& json) {
  return EscapeHostileJson(json.dump(kIndent, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace

bool IsBlocking(const v1::Capability& capability) {
  return capability.required() && !capability.available();
}

bool IsHealthy(const v1::Status& status) {
  return std::none_of(status.capabilities().begin(), status.capabilities().end(), IsBlocking);
}

std::vector<Line> RenderDoctor(const v1::Status& status) {
  size_t columns = 0;
  for (const v1::Capability& capability : status.capabilities()) {
    columns = std::max(columns, DisplayWidth(EscapeHostile(capability.name())));
  }
  std::vector<Line> lines;
  lines.push_back(Line()
                      .Add("nestord " + status.version() + " on " + status.node())
                      .Add(", kernel " + status.kernel_release(), Style::kDim));
  for (const v1::Capability& capability : status.capabilities()) {
    AddCapability(capability, columns, lines);
  }
  for (const v1::LoadedPolicy& policy : status.policies()) {
    for (const std::string& reason : policy.unenforceable()) {
      lines.push_back(
          Line()
              .Add("! ", Style::kWarning)
              .Add("policy " + policy.name() + " cannot be enforced in full: " + reason));
    }
  }
  for (const std::string& warning : status.warnings()) {
    lines.push_back(Line().Add("! ", Style::kWarning).Add(warning));
  }
  lines.push_back(Conclusion(status));
  return lines;
}

std::vector<Line> RenderDoctorUnreachable(const Error& error, const std::string& advice) {
  return {Line().Add("✗ ", Style::kBad).Add(error.message), Line().Add("  fix: " + advice)};
}

Result<std::string> DoctorJson(const v1::Status& status) {
  const auto text = ToJsonLine(status);
  if (!text) return text.error();
  const Json whole = Json::parse(*text, nullptr, false);
  if (!whole.is_object()) return Error::Internal("the status is no JSON object");

  Json json{{"reachable", true}, {"healthy", IsHealthy(status)}};
  for (const char* field :
       {"ready", "version", "node", "kernel_release", "capabilities", "policies", "warnings"}) {
    json[field] = whole.value(field, Json());
  }
  return Dump(json);
}

std::string DoctorJsonUnreachable(const Error& error, const std::string& advice) {
  return Dump(
      Json{{"reachable", false}, {"healthy", false}, {"error", error.message}, {"advice", advice}});
}

}  // namespace nestor::ctl
