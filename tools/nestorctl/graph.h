// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_GRAPH_H_
#define NESTOR_TOOLS_NESTORCTL_GRAPH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nestor/v1/nestor.pb.h"

namespace nestor::ctl {

struct GraphNode {
  enum class Kind : uint8_t { kHop, kProcess, kAgent, kDenied };
  std::string id;  // letters, digits and _ only, whatever a node sent
  Kind kind = Kind::kProcess;
  std::vector<std::string> label;  // its lines, as nestord sent them
};

struct GraphEdge {
  size_t from = 0;  // places in `nodes`
  size_t to = 0;
  std::string label;
  bool uncertain = false;  // one of the candidates of an ambiguous hop
};

struct Graph {
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
};

// Chains as a graph: hops, the processes in them, who led from where to where. An ambiguous hop has
// an uncertain edge from each candidate and no other. Without `all` the ended processes that led
// nowhere and met no verdict are left out.
Graph MakeGraph(const std::vector<v1::Chain>& chains, bool all);

// For Graphviz, and for Mermaid (GitHub draws it). Labels are escaped for the language; what would
// harm a terminal is \xNN. With a newline at the end.
std::string ToDot(const Graph& graph);
std::string ToMermaid(const Graph& graph);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_GRAPH_H_
