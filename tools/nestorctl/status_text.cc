// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/status_text.h"

#include "tools/nestorctl/doctor.h"
#include "tools/nestorctl/table.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

Line Headline(const v1::Status& status) {
  Line line;
  line.Add("nestord " + status.version() + " on ").Add(status.node(), Style::kName).Add(": ");
  return status.ready() ? line.Add("ready", Style::kGood)
                        : line.Add("not ready: " + WhyNotReady(status), Style::kBad);
}

void AddPolicies(const v1::Status& status, std::vector<Line>& lines) {
  if (status.policies().empty()) {
    lines.push_back(Line().Add("policies  none loaded: nothing is denied", Style::kWarning));
    return;
  }
  lines.push_back(Line().Add("policies  generation " + std::to_string(status.policy_generation())));
  std::vector<std::vector<Cell>> rows;
  for (const v1::LoadedPolicy& policy : status.policies()) {
    rows.push_back({{"  " + policy.name(), Style::kName},
                    {policy.mode(), policy.mode() == "enforce" ? Style::kGood : Style::kWarning},
                    {Count(policy.rules(), "rule", "rules")},
                    {policy.file(), Style::kDim}});
  }
  const std::vector<Line> table = AlignColumns(rows);
  for (int index = 0; index < status.policies_size(); ++index) {
    lines.push_back(table[static_cast<size_t>(index)]);
    for (const std::string& reason : status.policies(index).unenforceable()) {
      lines.push_back(Line().Add("    ! cannot be enforced: " + reason, Style::kWarning));
    }
  }
}

void AddCapabilities(const v1::Status& status, std::vector<Line>& lines) {
  std::string missing;
  for (const v1::Capability& capability : status.capabilities()) {
    if (!capability.available()) missing += (missing.empty() ? "" : ", ") + capability.name();
  }
  if (missing.empty()) return;
  lines.push_back(Line()
                      .Add("missing   ")
                      .AddShrinkable(missing, Style::kWarning)
                      .Add("  (nestorctl doctor tells more)", Style::kDim));
}

void AddLosses(const v1::Status& status, std::vector<Line>& lines) {
  std::string lost;
  for (const v1::Counter& loss : status.losses()) {
    if (loss.value() == 0) continue;
    lost += (lost.empty() ? "" : ", ") + std::to_string(loss.value()) + " at " + loss.name();
  }
  lines.push_back(lost.empty() ? Line().Add("losses    none")
                               : Line().Add("losses    ").Add(lost, Style::kBad));
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  constexpr const char* kByteUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  size_t unit = 0;
  uint64_t tenths = bytes * 10 / 1024;
  while (tenths >= 10240 && unit + 1 < std::size(kByteUnits)) {
    tenths /= 1024;
    ++unit;
  }
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + kByteUnits[unit];
}

std::string WhyNotReady(const v1::Status& status) {
  std::string reason;
  for (const v1::Capability& capability : status.capabilities()) {
    if (IsBlocking(capability)) {
      reason += (reason.empty() ? "missing " : ", ") + capability.name();
      if (!capability.detail().empty()) reason += " (" + capability.detail() + ")";
    }
  }
  for (const std::string& warning : status.warnings()) {
    reason += (reason.empty() ? "" : "; ") + warning;
  }
  return reason.empty() ? "still starting" : reason;
}

std::vector<Line> RenderStatus(const v1::Status& status, WallTime now) {
  std::vector<Line> lines{Headline(status)};
  const std::string up = FormatAge(now - ToWallTime(status.started()));
  lines.push_back(Line()
                      .Add("running   " + up)
                      .Add("  since " + FormatDate(ToWallTime(status.started())), Style::kDim));
  lines.push_back(Line()
                      .Add("kernel    " + status.kernel_release())
                      .Add("  boot " + status.boot_id(), Style::kDim));
  lines.push_back(Line().Add("watching  " + status.scope() + ": " +
                             Count(status.live_chains(), "chain", "chains") + ", " +
                             Count(status.live_processes(), "process", "processes")));
  lines.push_back(Line().Add("events    " + std::to_string(status.last_seq()) + " so far"));
  lines.push_back(Line().Add("memory    " + FormatBytes(status.resident_bytes())));
  AddPolicies(status, lines);
  AddCapabilities(status, lines);
  AddLosses(status, lines);
  for (const std::string& warning : status.warnings()) {
    lines.push_back(Line().Add("! " + warning, Style::kWarning));
  }
  return lines;
}

}  // namespace nestor::ctl
