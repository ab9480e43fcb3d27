// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/graph.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "tools/nestorctl/display_width.h"
#include "tools/nestorctl/escape.h"
#include "tools/nestorctl/hop_sentence.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

constexpr size_t kLongestLabel = 48;  // columns of a line

std::string SafeId(char kind, std::string_view id) {
  std::string safe{kind, '_'};
  for (const char letter : id) {
    const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                       (letter >= 'A' && letter <= 'Z');
    safe += plain ? letter : '_';
  }
  return safe;
}

class GraphMaker {
 public:
  explicit GraphMaker(bool all) : all_(all) {}

  void AddHops(const v1::Chain& chain) {
    for (const v1::ChainHop& hop : chain.hops()) {
      if (hops_.contains(hop.id())) continue;
      hops_[hop.id()] = NewNode(SafeId('h', hop.id()), GraphNode::Kind::kHop, LabelOf(hop, chain));
    }
  }

  void AddProcesses(const v1::Chain& chain) {
    const std::set<std::string_view> kept = Kept(chain);
    for (const v1::ChainProcess& process : chain.processes()) {
      if (!kept.contains(process.process().id())) continue;
      const size_t node = ProcessNode(process.process(), KindOf(process));
      for (const v1::Verdict& verdict : process.verdicts()) AddVerdict(node, verdict);
      const auto above = processes_.find(process.parent_id());
      if (above != processes_.end() && InHop(chain, process.parent_id(), process.hop_id())) {
        Connect(above->second, node, "", false);
      } else if (const auto hop = hops_.find(process.hop_id()); hop != hops_.end()) {
        Connect(hop->second, node, "", false);
      }
    }
  }

  void AddCrossings(const v1::Chain& chain) {
    for (const v1::ChainHop& hop : chain.hops()) {
      if (!crossed_.insert(hop.id()).second) continue;
      const size_t node = hops_.at(hop.id());
      if (IsAmbiguous(hop)) {
        for (const std::string& id : hop.candidate_ids()) {
          Connect(HopNode(id), node, "one of these", true);
        }
      } else if (const auto from = Crosser(chain, hop)) {
        Connect(*from, node, "", false);
      }
      const v1::Process& reached = hop.to().process();
      if (reached.pid() != 0 && !processes_.contains(reached.id()) && !IsAmbiguous(hop)) {
        Connect(node, ProcessNode(reached, AgentOrNot(reached)), "", false);
      }
    }
  }

  Graph Take() { return std::move(graph_); }

 private:
  using Kind = GraphNode::Kind;

  static Kind AgentOrNot(const v1::Process& process) {
    return process.agent().empty() ? Kind::kProcess : Kind::kAgent;
  }

  static Kind KindOf(const v1::ChainProcess& process) {
    const auto& verdicts = process.verdicts();
    if (std::any_of(verdicts.begin(), verdicts.end(), IsDenial)) return Kind::kDenied;
    return AgentOrNot(process.process());
  }

  // Who led through a hop: the process; where that itself is inside since then, as one that took
  // other rights, its parent; else the hop before.
  std::optional<size_t> Crosser(const v1::Chain& chain, const v1::ChainHop& hop) {
    const v1::Process& process = hop.from().process();
    const auto inside = std::find_if(
        chain.processes().begin(), chain.processes().end(), [&](const v1::ChainProcess& each) {
          return each.process().id() == process.id() && each.hop_id() == hop.id();
        });
    if (process.pid() != 0 && inside == chain.processes().end() &&
        process.id() != hop.to().process().id()) {
      return ProcessNode(process, AgentOrNot(process));
    }
    if (inside != chain.processes().end()) {
      const auto parent = processes_.find(inside->parent_id());
      if (parent != processes_.end()) return parent->second;
    }
    const auto before = hops_.find(hop.parent_id());
    return before == hops_.end() ? std::nullopt : std::optional(before->second);
  }

  static std::vector<std::string> LabelOf(const v1::ChainHop& hop, const v1::Chain& chain) {
    std::string kind = hop.kind().empty() ? "unknown" : hop.kind();
    if (const auto mark = ConfidenceMark(hop.confidence()); !mark.empty()) {
      kind += " " + std::string(mark);
    }
    const bool origin = hop.id() == chain.id();
    return {kind, origin ? WorkloadName(hop.to().workload()) : HopPath(hop)};
  }

  static bool InHop(const v1::Chain& chain, std::string_view id, std::string_view hop_id) {
    return std::any_of(chain.processes().begin(), chain.processes().end(),
                       [&](const v1::ChainProcess& process) {
                         return process.process().id() == id && process.hop_id() == hop_id;
                       });
  }

  // What is alive, met a verdict, or stands at an end of a hop; and all above these.
  std::set<std::string_view> Kept(const v1::Chain& chain) const {
    std::map<std::string_view, std::string_view> parents;
    std::vector<std::string_view> wanted;
    for (const v1::ChainProcess& process : chain.processes()) {
      parents[process.process().id()] = process.parent_id();
      if (all_ || process.alive() || !process.verdicts().empty()) {
        wanted.push_back(process.process().id());
      }
    }
    for (const v1::ChainHop& hop : chain.hops()) {
      wanted.push_back(hop.from().process().id());
      wanted.push_back(hop.to().process().id());
    }
    std::set<std::string_view> kept;
    for (std::string_view id : wanted) {
      for (auto at = parents.find(id); at != parents.end() && kept.insert(id).second;) {
        id = at->second;
        at = parents.find(id);
      }
    }
    return kept;
  }

  size_t NewNode(std::string id, Kind kind, std::vector<std::string> label) {
    graph_.nodes.push_back({std::move(id), kind, std::move(label)});
    return graph_.nodes.size() - 1;
  }

  // A hop that is not among the chains given is a node with its id only.
  size_t HopNode(const std::string& id) {
    const auto found = hops_.find(id);
    if (found != hops_.end()) return found->second;
    return hops_[id] = NewNode(SafeId('h', id), Kind::kHop, {"hop " + id});
  }

  size_t ProcessNode(const v1::Process& process, Kind kind) {
    const auto found = processes_.find(process.id());
    if (found != processes_.end()) return found->second;
    std::vector<std::string> label{std::to_string(process.pid()) + " " + CommandLine(process)};
    if (const std::string tag = AgentTag(process); !tag.empty()) label.push_back(tag);
    return processes_[process.id()] = NewNode(SafeId('p', process.id()), kind, std::move(label));
  }

  void AddVerdict(size_t node, const v1::Verdict& verdict) {
    const std::string text = VerdictLine(verdict).Render(kLongestLabel, false);
    std::vector<std::string>& label = graph_.nodes[node].label;
    if (std::find(label.begin(), label.end(), text) == label.end()) label.push_back(text);
  }

  void Connect(size_t from, size_t to, const std::string& label, bool uncertain) {
    graph_.edges.push_back({from, to, label, uncertain});
  }

  bool all_;
  Graph graph_;
  std::map<std::string, size_t, std::less<>> hops_;
  std::map<std::string, size_t, std::less<>> processes_;
  std::set<std::string> crossed_;
};

// A label's lines, harmless and cut, each escaped by `escape`, with `between` between them.
std::string Label(const GraphNode& node, std::string (*escape)(std::string_view),
                  std::string_view between) {
  std::string text;
  for (const std::string& line : node.label) {
    if (!text.empty()) text += between;
    text += escape(CutToWidth(EscapeHostile(line), kLongestLabel));
  }
  return text;
}

std::string EscapeDot(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out;
}

// Mermaid reads "#34;" as `"` inside quotes; Markdown and HTML would read the other ones.
std::string EscapeMermaid(std::string_view text) {
  constexpr std::string_view kSpecial = "\"#<&`\\*_~";
  std::string out;
  for (const char letter : text) {
    if (kSpecial.find(letter) == std::string_view::npos) {
      out += letter;
    } else {
      out += "#" + std::to_string(static_cast<int>(letter)) + ";";
    }
  }
  return out;
}

std::string_view DotStyle(GraphNode::Kind kind) {
  switch (kind) {
    case GraphNode::Kind::kHop:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#dbeafe\"";
    case GraphNode::Kind::kProcess:
      return "shape=box";
    case GraphNode::Kind::kAgent:
      return "shape=box, style=filled, fillcolor=\"#f3e8ff\"";
    case GraphNode::Kind::kDenied:
      return "shape=box, color=\"#dc2626\", fontcolor=\"#dc2626\"";
  }
  return "";
}

std::string MermaidNode(const GraphNode& node) {
  const std::string label = "\"" + Label(node, EscapeMermaid, "<br/>") + "\"";
  switch (node.kind) {
    case GraphNode::Kind::kHop:
      return node.id + "([" + label + "]):::hop";
    case GraphNode::Kind::kProcess:
      return node.id + "[" + label + "]";
    case GraphNode::Kind::kAgent:
      return node.id + "[" + label + "]:::agent";
    case GraphNode::Kind::kDenied:
      return node.id + "[" + label + "]:::denied";
  }
  return "";
}

}  // namespace

Graph MakeGraph(const std::vector<v1::Chain>& chains, bool all) {
  GraphMaker maker(all);
  for (const v1::Chain& chain : chains) maker.AddHops(chain);
  for (const v1::Chain& chain : chains) maker.AddProcesses(chain);
  for (const v1::Chain& chain : chains) maker.AddCrossings(chain);
  return maker.Take();
}

std::string ToDot(const Graph& graph) {
  std::string out = "digraph chains {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n";
  for (const GraphNode& node : graph.nodes) {
    out += "  " + node.id + " [label=\"" + Label(node, EscapeDot, "\\n") + "\", ";
    out += std::string(DotStyle(node.kind)) + "];\n";
  }
  for (const GraphEdge& edge : graph.edges) {
    out += "  " + graph.nodes[edge.from].id + " -> " + graph.nodes[edge.to].id;
    if (edge.uncertain) out += " [style=dashed, label=\"" + EscapeDot(edge.label) + "\"]";
    out += ";\n";
  }
  return out + "}\n";
}

std::string ToMermaid(const Graph& graph) {
  std::string out = "flowchart LR\n";
  for (const GraphNode& node : graph.nodes) out += "  " + MermaidNode(node) + "\n";
  for (const GraphEdge& edge : graph.edges) {
    const std::string arrow =
        edge.uncertain ? " -. \"" + EscapeMermaid(edge.label) + "\" .-> " : " --> ";
    out += "  " + graph.nodes[edge.from].id + arrow + graph.nodes[edge.to].id + "\n";
  }
  out += "  classDef hop fill:#dbeafe,stroke:#2563eb,color:#111827\n";
  out += "  classDef agent fill:#f3e8ff,stroke:#9333ea,color:#111827\n";
  out += "  classDef denied fill:#fee2e2,stroke:#dc2626,color:#111827\n";
  return out;
}

}  // namespace nestor::ctl
