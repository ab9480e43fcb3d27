// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/explain.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

Line Opening(const v1::ExplainResponse& response) {
  const v1::Chain& chain = response.chain();
  const v1::Process& process = response.process().process();
  const auto inside = std::count_if(chain.hops().begin(), chain.hops().end(),
                                    [](const v1::ChainHop& hop) { return !IsOutgoing(hop); });
  const auto hops = inside > 0 ? inside - 1 : 0;
  Line line;
  line.Add(ProcessName(process), Style::kStrong).Add(" runs ");
  line.AddShrinkable(CommandLine(process)).Add(" in ");
  line.Add(WorkloadName(response.process().workload()), Style::kName);
  line.Add(", " + Count(static_cast<uint64_t>(hops), "hop", "hops") + " away from where chain ");
  return line.Add(chain.id(), Style::kStrong).Add(" began:");
}

Line ProcessLine(const v1::ChainProcess& process, const std::string& asked_id) {
  const bool asked = process.process().id() == asked_id;
  Line line;
  line.Add(asked ? "   → " : "   · ", asked ? Style::kStrong : Style::kDim);
  line.Add(std::to_string(process.process().pid()) + " ", Style::kDim);
  line.AddShrinkable(CommandLine(process.process()), asked ? Style::kStrong : Style::kPlain);
  if (const std::string tag = AgentTag(process.process()); !tag.empty()) {
    line.Add("  " + tag, Style::kAgent);
  }
  if (process.process().pre_existing()) line.Add("  ran before nestord started", Style::kDim);
  if (!process.alive()) {
    line.Add("  " + (process.has_exit() ? ExitText(process.exit()) : "ended"), Style::kDim);
  }
  return line;
}

void AddHop(const v1::ExplainResponse& response, const v1::ChainHop& hop, int number, WallTime now,
            const KnownHops& known, std::vector<Line>& lines) {
  std::vector<Line> of_hop = HopLines(hop, number, known);
  of_hop.front().Add("  " + FormatAge(now - ToWallTime(hop.time())) + " ago", Style::kDim);
  std::move(of_hop.begin(), of_hop.end(), std::back_inserter(lines));
  for (const v1::ChainProcess& process : response.chain().processes()) {
    if (process.hop_id() != hop.id()) continue;
    lines.push_back(ProcessLine(process, response.process().process().id()));
    for (const v1::Verdict& verdict : process.verdicts()) {
      lines.push_back(Line().Add("     ").Append(VerdictLine(verdict)));
    }
  }
}

}  // namespace

std::vector<Line> RenderExplanation(const v1::ExplainResponse& response, const KnownHops& known,
                                    WallTime now) {
  std::vector<Line> lines{Opening(response)};
  int number = 1;
  for (const v1::ChainHop& hop : response.chain().hops()) {
    AddHop(response, hop, number++, now, known, lines);
  }
  return lines;
}

}  // namespace nestor::ctl
