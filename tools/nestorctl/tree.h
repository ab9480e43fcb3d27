// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_TREE_H_
#define NESTOR_TOOLS_NESTORCTL_TREE_H_

#include <cstddef>
#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

struct TreeOptions {
  WallTime now;
  bool all = false;  // nothing is folded
};

// Chains as a tree: a line a chain, under it the origin's processes and the hops that left it, each
// with its processes and further hops. Chains that crossed a hop or met a verdict come first, each
// group in order of start. Every process and hop given is shown or counted in a "… 12 ended" line;
// one whose parent is not given stands at the top of what it belongs to.
std::vector<Line> RenderTree(const std::vector<v1::Chain>& chains, const TreeOptions& options);

// "3 chains, 5 hops, 14 processes, 1 denied"
Line SummaryLine(const std::vector<v1::Chain>& chains);

// At most `rows` lines (0: no limit); the last one tells how many are left out.
std::vector<Line> FitRows(std::vector<Line> lines, size_t rows);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_TREE_H_
