// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/table.h"

#include <algorithm>
#include <utility>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

size_t CellWidth(const Cell& cell) { return DisplayWidth(EscapeHostile(cell.text)); }

std::vector<size_t> ColumnWidths(const std::vector<std::vector<Cell>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], CellWidth(row[column]));
    }
  }
  return widths;
}

size_t CountAlive(const v1::Chain& chain) {
  return static_cast<size_t>(
      std::count_if(chain.processes().begin(), chain.processes().end(),
                    [](const v1::ChainProcess& process) { return process.alive(); }));
}

size_t CountDenials(const v1::Chain& chain) {
  size_t denials = 0;
  for (const v1::ChainProcess& process : chain.processes()) {
    denials += static_cast<size_t>(
        std::count_if(process.verdicts().begin(), process.verdicts().end(), IsDenial));
  }
  return denials;
}

std::vector<Cell> ChainRow(const v1::Chain& chain, WallTime now) {
  const size_t denials = CountDenials(chain);
  return {{chain.id(), chain.alive() ? Style::kPlain : Style::kDim},
          {chain.origin(), chain.alive() ? Style::kStrong : Style::kDim},
          {FormatAge(now - ToWallTime(chain.time())), Style::kDim},
          {std::to_string(chain.hops_size())},
          {std::to_string(CountAlive(chain))},
          {std::to_string(denials), denials > 0 ? Style::kBad : Style::kDim},
          {chain.alive() ? "alive" : "ended", chain.alive() ? Style::kGood : Style::kDim},
          {WorkloadName(chain.workload()), Style::kName}};
}

}  // namespace

std::vector<Line> AlignColumns(const std::vector<std::vector<Cell>>& rows) {
  const std::vector<size_t> widths = ColumnWidths(rows);
  std::vector<Line> lines;
  for (const auto& row : rows) {
    Line& line = lines.emplace_back();
    for (size_t column = 0; column < row.size(); ++column) {
      const bool last = column + 1 == row.size();
      const size_t padding = last ? 0 : widths[column] - CellWidth(row[column]) + 2;
      line.Add(row[column].text, row[column].style).Add(std::string(padding, ' '));
    }
  }
  return lines;
}

std::vector<Line> ChainTable(const std::vector<v1::Chain>& chains, WallTime now) {
  std::vector<std::vector<Cell>> rows;
  for (const char* name :
       {"CHAIN", "ORIGIN", "AGE", "HOPS", "LIVE", "DENIED", "STATE", "BEGAN IN"}) {
    if (rows.empty()) rows.emplace_back();
    rows.front().push_back({name, Style::kDim});
  }
  std::vector<const v1::Chain*> order;
  for (const v1::Chain& chain : chains) order.push_back(&chain);
  std::sort(order.begin(), order.end(), [](const v1::Chain* a, const v1::Chain* b) {
    return std::make_pair(ToWallTime(a->time()), a->id()) <
           std::make_pair(ToWallTime(b->time()), b->id());
  });
  for (const v1::Chain* chain : order) rows.push_back(ChainRow(*chain, now));
  return AlignColumns(rows);
}

}  // namespace nestor::ctl
