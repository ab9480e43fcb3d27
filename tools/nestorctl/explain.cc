// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/explain.h"

#include <string>

#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

struct Meaning {
  std::string_view text;
  Style style;
};

Meaning MeaningOf(std::string_view confidence) {
  if (confidence == "exact") return {"exact: the kernel said so", Style::kGood};
  if (confidence == "inferred") {
    return {"inferred: the only request its thread was serving", Style::kWarning};
  }
  if (confidence == "ambiguous") {
    return {"ambiguous: one of several requests; nestord names none for certain", Style::kWarning};
  }
  return {"confidence unknown", Style::kWarning};
}

Line Opening(const v1::ExplainResponse& response) {
  const v1::Chain& chain = response.chain();
  const v1::Process& process = response.process().process();
  const int hops = chain.hops_size() > 0 ? chain.hops_size() - 1 : 0;
  Line line;
  line.Add(ProcessName(process), Style::kStrong).Add(" runs ");
  line.AddShrinkable(CommandLine(process)).Add(" in ");
  line.Add(WorkloadName(response.process().workload()), Style::kName);
  line.Add(", " + Count(static_cast<uint64_t>(hops), "hop", "hops") + " away from where chain ");
  return line.Add(chain.id(), Style::kStrong).Add(" began:");
}

Line HopTitle(const v1::Chain& chain, const v1::ChainHop& hop, int number, WallTime now) {
  Line line;
  line.Add(std::to_string(number) + ". ", Style::kDim).Add(hop.kind(), Style::kStrong).Add("  ");
  const bool origin = hop.id() == chain.id();
  line.Add(origin ? "began in " + WorkloadName(hop.to().workload()) : HopPath(hop), Style::kName);
  return line.Add("  " + FormatAge(now - ToWallTime(hop.time())) + " ago", Style::kDim);
}

Line ProcessLine(const v1::ChainProcess& process, const std::string& asked_id) {
  const bool asked = process.process().id() == asked_id;
  Line line;
  line.Add(asked ? "   → " : "   · ", asked ? Style::kStrong : Style::kDim);
  line.Add(std::to_string(process.process().pid()) + " ", Style::kDim);
  line.AddShrinkable(CommandLine(process.process()), asked ? Style::kStrong : Style::kPlain);
  if (process.process().pre_existing()) line.Add("  ran before nestord started", Style::kDim);
  if (!process.alive()) {
    line.Add("  " + (process.has_exit() ? ExitText(process.exit()) : "ended"), Style::kDim);
  }
  return line;
}

void AddHop(const v1::ExplainResponse& response, const v1::ChainHop& hop, int number, WallTime now,
            std::vector<Line>& lines) {
  const Meaning meaning = MeaningOf(hop.confidence());
  lines.push_back(HopTitle(response.chain(), hop, number, now));
  if (!hop.evidence().empty()) lines.push_back(Line().Add("   " + hop.evidence()));
  lines.push_back(Line().Add("   ").Add(meaning.text, meaning.style));
  for (const v1::ChainProcess& process : response.chain().processes()) {
    if (process.hop_id() != hop.id()) continue;
    lines.push_back(ProcessLine(process, response.process().process().id()));
    for (const v1::Verdict& verdict : process.verdicts()) {
      lines.push_back(Line().Add("     ").Append(VerdictLine(verdict)));
    }
  }
}

}  // namespace

std::vector<Line> RenderExplanation(const v1::ExplainResponse& response, WallTime now) {
  std::vector<Line> lines{Opening(response)};
  int number = 1;
  for (const v1::ChainHop& hop : response.chain().hops()) {
    AddHop(response, hop, number++, now, lines);
  }
  return lines;
}

}  // namespace nestor::ctl
