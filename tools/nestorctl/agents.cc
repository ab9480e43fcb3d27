// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/agents.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "tools/nestorctl/table.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// "claude[41]" of an agent's name and the id of its process, "<start>-<pid>".
std::string AboveName(const v1::Agent& agent) {
  if (agent.above().empty()) return "-";
  const std::string& id = agent.above_process_id();
  return agent.above() + "[" + id.substr(id.rfind('-') + 1) + "]";
}

std::string StateOf(const v1::Agent& agent) {
  if (agent.alive()) return "alive";
  return agent.has_exit() ? ExitText(agent.exit()) : "ended";
}

std::vector<Cell> Header() {
  std::vector<Cell> header;
  for (const char* name :
       {"  AGENT", "DEPTH", "PID", "AGE", "STATE", "CHAIN", "STARTED BY", "BELOW", "COMMAND"}) {
    header.push_back({name, Style::kDim});
  }
  return header;
}

std::vector<Cell> Row(const v1::Agent& agent, WallTime now) {
  constexpr uint32_t kDeepestShown = 8;  // further ones have their number only
  const uint32_t depth = std::clamp<uint32_t>(agent.depth(), 1, kDeepestShown);
  const std::string started_by = ProcessName(agent.started_by());
  const Style plain = agent.alive() ? Style::kPlain : Style::kDim;
  return {{std::string(size_t{2} * depth, ' ') + agent.name(),
           agent.alive() ? Style::kAgent : Style::kDim},
          {std::to_string(agent.depth()), agent.depth() > 1 ? Style::kWarning : Style::kDim},
          {std::to_string(agent.process().pid()), plain},
          {FormatAge(now - ToWallTime(agent.started())), Style::kDim},
          {StateOf(agent), agent.alive() ? Style::kGood : Style::kDim},
          {ShortId(agent.chain_id()), Style::kDim},
          {started_by.empty() ? "-" : started_by, plain},
          {AboveName(agent), plain},
          {CommandLine(agent.process()), plain}};
}

}  // namespace

std::vector<Line> RenderAgents(const v1::ListAgentsResponse& response, WallTime now) {
  std::map<std::string, std::vector<const v1::Agent*>> by_place;
  for (const v1::Agent& agent : response.agents()) {
    by_place[WorkloadName(agent.workload())].push_back(&agent);
  }
  std::vector<std::vector<Cell>> rows;
  if (!by_place.empty()) rows.push_back(Header());
  for (const auto& [place, agents] : by_place) {
    for (const v1::Agent* agent : agents) rows.push_back(Row(*agent, now));
  }
  std::vector<Line> aligned = AlignColumns(rows);
  std::vector<Line> lines;
  auto next = std::make_move_iterator(aligned.begin());
  if (!by_place.empty()) lines.push_back(*next++);
  for (const auto& [place, agents] : by_place) {
    lines.push_back(Line().Add(place, Style::kName));
    for (size_t count = 0; count < agents.size(); ++count) lines.push_back(*next++);
  }
  return lines;
}

}  // namespace nestor::ctl
