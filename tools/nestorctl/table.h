// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_TABLE_H_
#define NESTOR_TOOLS_NESTORCTL_TABLE_H_

#include <string>
#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

struct Cell {
  std::string text;
  Style style = Style::kPlain;
};

// Rows under each other in columns, two spaces apart; the first row is the header. Rows may be
// short.
std::vector<Line> AlignColumns(const std::vector<std::vector<Cell>>& rows);

// One row a chain, in order of start. The full id is shown: it is what other commands take.
std::vector<Line> ChainTable(const std::vector<v1::Chain>& chains, WallTime now);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_TABLE_H_
