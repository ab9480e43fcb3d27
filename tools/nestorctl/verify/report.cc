// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/report.h"

#include <chrono>
#include <string>

#include "agent/beat/gap.h"
#include "tools/nestorctl/gap_text.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/time_text.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

constexpr size_t kMostShown = 30;

std::string DateOf(uint64_t time_ns) {
  return FormatDate(WallTime(std::chrono::nanoseconds(static_cast<int64_t>(time_ns))));
}

std::string Ending(const VerifiedStart& start) {
  return start.last_beat && start.last_beat->final ? "ended on purpose" : "no final heartbeat";
}

GapFacts FactsOf(const GapInfo& gap) {
  return {gap.earlier,   gap.ending,           gap.kernel,  gap.previous_number,  gap.previous_seq,
          gap.same_boot, gap.previous_boot_ns, gap.boot_ns, gap.previous_time_ns, gap.time_ns,
          gap.losses};
}

void AddStart(const VerifiedStart& start, std::vector<Line>& lines) {
  const uint64_t time_ns = start.gap          ? start.gap->time_ns
                           : start.first_beat ? start.first_beat->time_ns
                                              : 0;
  if (start.gap) lines.push_back(Line().Add("  ").Add(GapSentence(FactsOf(*start.gap))));
  Line line;
  line.Add(start.gap ? "start     " : "recorded  ").Add(DateOf(time_ns), Style::kName);
  line.Add("  seq " + std::to_string(start.seqs.first) + " to " + std::to_string(start.seqs.last));
  if (start.first_beat) {
    line.Add(", heartbeats " + std::to_string(start.first_beat->number) + " to " +
             std::to_string(start.last_beat->number));
  }
  lines.push_back(line.Add(", " + Ending(start), Style::kDim));
}

Line FindingLine(const Finding& finding) {
  Line line;
  line.Add(finding.note ? "- " : "✗ ", finding.note ? Style::kDim : Style::kBad);
  if (finding.line > 0) line.Add("line " + std::to_string(finding.line) + ": ", Style::kDim);
  return line.Add(finding.detail, finding.note ? Style::kPlain : Style::kWarning);
}

Json ToJson(const VerifiedStart& start) {
  Json json = {{"type", "start"},
               {"boot_id", start.id.boot_id},
               {"instance", std::to_string(start.id.instance)},
               {"first_seq", std::to_string(start.seqs.first)},
               {"last_seq", std::to_string(start.seqs.last)},
               {"events", start.events},
               {"heartbeats", start.heartbeats},
               {"final", start.last_beat && start.last_beat->final}};
  if (!start.gap) return json;
  json["gap"] = {{"earlier", start.gap->earlier},
                 {"ending", start.gap->ending},
                 {"kernel", start.gap->kernel},
                 {"same_boot", start.gap->same_boot},
                 {"previous_number", std::to_string(start.gap->previous_number)},
                 {"previous_seq", std::to_string(start.gap->previous_seq)}};
  return json;
}

Json ToJson(const Finding& finding) {
  return {{"type", "finding"},
          {"what", finding.what},
          {"holds", finding.note},
          {"line", finding.line},
          {"boot_id", finding.start.boot_id},
          {"instance", std::to_string(finding.start.instance)},
          {"first_seq", std::to_string(finding.seqs.first)},
          {"last_seq", std::to_string(finding.seqs.last)},
          {"detail", finding.detail}};
}

uint64_t Heartbeats(const Verified& verified) {
  uint64_t count = 0;
  for (const VerifiedStart& start : verified.starts) count += start.heartbeats;
  return count;
}

}  // namespace

std::vector<Line> RenderVerified(const Verified& verified) {
  std::vector<Line> lines;
  for (const VerifiedStart& start : verified.starts) AddStart(start, lines);
  size_t shown = 0;
  for (const Finding& finding : verified.findings) {
    if (++shown > kMostShown) break;
    lines.push_back(FindingLine(finding));
  }
  if (verified.findings.size() > kMostShown) {
    lines.push_back(Line().Add("  and more: -o jsonl has them", Style::kDim));
  }
  const std::string looked = Count(verified.events, "event", "events") + " in " +
                             Count(verified.starts.size(), "start", "starts") + ", " +
                             Count(Heartbeats(verified), "heartbeat", "heartbeats");
  Line result;
  if (verified.holds()) {
    result.Add("✓ ", Style::kGood).Add(looked + ": none is missing, all signatures hold");
  } else {
    result.Add("✗ ", Style::kBad).Add(looked + ": ");
    result.Add(Count(verified.broken, "thing does", "things do") + " not hold", Style::kBad);
  }
  lines.push_back(result);
  if (verified.uncovered > 0) {
    lines.push_back(Line().Add("- " + Count(verified.uncovered, "event is", "events are") +
                                   " covered by no heartbeat of the recording",
                               Style::kDim));
  }
  lines.push_back(Line().Add(
      "Not proven: what events say that are no heartbeats, and that nothing came after the last.",
      Style::kDim));
  return lines;
}

std::vector<Json> ToJson(const Verified& verified) {
  std::vector<Json> all;
  all.reserve(verified.starts.size() + verified.findings.size() + 1);
  for (const VerifiedStart& start : verified.starts) all.push_back(ToJson(start));
  for (const Finding& finding : verified.findings) all.push_back(ToJson(finding));
  all.push_back({{"type", "result"},
                 {"holds", verified.holds()},
                 {"broken", verified.broken},
                 {"events", verified.events},
                 {"starts", verified.starts.size()},
                 {"heartbeats", Heartbeats(verified)},
                 {"not_kept", verified.not_kept},
                 {"uncovered", verified.uncovered}});
  return all;
}

}  // namespace nestor::ctl
