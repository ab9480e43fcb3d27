// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "tools/nestorctl/hop_sentence.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

// What one chain is drawn from: nodes that know their children.
struct Node {
  const v1::ChainHop* hop = nullptr;  // one of the two is set
  const v1::ChainProcess* process = nullptr;
  std::vector<Node*> children;  // processes, then hops
  bool quiet = true;            // nothing here or below is alive or met a verdict
  size_t processes = 0;         // here and below
  size_t hops = 0;
};

class ChainTree {
 public:
  explicit ChainTree(const v1::Chain& chain) {
    for (const v1::ChainHop& hop : chain.hops()) hops_.emplace(hop.id(), NewNode());
    for (const v1::ChainProcess& process : chain.processes()) PlaceProcess(process);
    for (const v1::ChainHop& hop : chain.hops()) PlaceHop(hop, chain.id());
    Summarize(&root_, 0);
  }

  // Its children are the origin's processes and whatever has no parent here.
  const Node& root() const { return root_; }

 private:
  using ProcessKey = std::pair<std::string_view, std::string_view>;  // hop, process

  Node* NewNode() { return nodes_.emplace_back(std::make_unique<Node>()).get(); }

  // Parents come before their children in what nestord sends; asking only what has been placed
  // keeps a cycle out. A parent that is not given must not hide its child: the hop takes it.
  void PlaceProcess(const v1::ChainProcess& process) {
    Node* node = NewNode();
    node->process = &process;
    const auto parent = processes_.find({process.hop_id(), process.parent_id()});
    const auto hop = hops_.find(process.hop_id());
    Node* above = parent != processes_.end() ? parent->second
                  : hop != hops_.end()       ? hop->second
                                             : &root_;
    above->children.push_back(node);
    processes_.emplace(ProcessKey(process.hop_id(), process.process().id()), node);
  }

  // The chain's line stands for the origin hop.
  void PlaceHop(const v1::ChainHop& hop, std::string_view origin_id) {
    Node* node = hops_.at(hop.id());
    if (node->hop) return;  // told twice
    node->hop = &hop;
    if (hop.id() == origin_id) {
      root_.children.insert(root_.children.begin(), node->children.begin(), node->children.end());
      origin_ = node;
      return;
    }
    const auto parent = hops_.find(hop.parent_id());
    const bool placed = parent != hops_.end() && parent->second->hop && parent->second != node;
    Node* above = placed && parent->second != origin_ ? parent->second : &root_;
    above->children.push_back(node);
  }

  // Depth is bounded by what is drawn; below that a node counts itself alone.
  void Summarize(Node* node, size_t depth);

  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::string_view, Node*> hops_;
  std::map<ProcessKey, Node*> processes_;
  Node* origin_ = nullptr;
  Node root_;
};

constexpr size_t kDeepest = 256;  // levels drawn; a pod could nest processes without end

void ChainTree::Summarize(Node* node, size_t depth) {
  if (node->process) {
    node->processes = 1;
    node->quiet = !node->process->alive() && node->process->verdicts().empty();
  } else if (node->hop) {
    node->hops = 1;
  }
  if (depth >= kDeepest) {
    node->quiet = node->quiet && node->children.empty();
    return;
  }
  for (Node* child : node->children) {
    Summarize(child, depth + 1);
    node->quiet = node->quiet && child->quiet;
    node->processes += child->processes;
    node->hops += child->hops;
  }
}

Style NameStyle(bool alive) { return alive ? Style::kPlain : Style::kDim; }

std::string AgeSince(const google::protobuf::Timestamp& time, WallTime now) {
  return FormatAge(now - ToWallTime(time));
}

Line ProcessLine(const v1::ChainProcess& process, WallTime now) {
  Line line;
  line.Add(std::to_string(process.process().pid()) + " ", Style::kDim);
  line.AddShrinkable(CommandLine(process.process()), NameStyle(process.alive()));
  if (const std::string tag = AgentTag(process.process()); !tag.empty()) {
    line.Add("  " + tag, process.alive() ? Style::kAgent : Style::kDim);
  }
  if (process.process().pre_existing()) line.Add("  pre-existing", Style::kDim);
  if (process.alive()) return line.Add("  " + AgeSince(process.time(), now), Style::kDim);
  if (!process.has_exit()) return line.Add("  ended", Style::kDim);
  const bool failed = process.exit().code() != 0 || process.exit().signal() != 0;
  line.Add("  " + ExitText(process.exit()), failed ? Style::kWarning : Style::kDim);
  const std::chrono::nanoseconds run_time(process.exit().run_ns());
  return line.Add(" after " + FormatRunTime(run_time), Style::kDim);
}

// "~", "?", "? 3 candidates"; with a blank before it.
std::string MarkOf(const v1::ChainHop& hop) {
  const std::string_view mark = ConfidenceMark(hop.confidence());
  if (mark.empty()) return "";
  const std::string text = " " + std::string(mark);
  if (!IsAmbiguous(hop)) return text;
  return text + " " +
         Count(static_cast<uint64_t>(hop.candidate_ids_size()), "candidate", "candidates");
}

// What the kind does not say of it: "uid 1000 -> 0", "mnt net", "ptrace".
std::string DetailOf(const v1::ChainHop& hop) {
  const bool telling =
      hop.kind() == "credential" || hop.kind() == "namespace" || hop.kind() == "trace";
  return telling ? hop.detail() : "";
}

Line HopLine(const v1::ChainHop& hop, WallTime now) {
  Line line;
  line.Add(hop.kind().empty() ? "unknown" : hop.kind(), hop.alive() ? Style::kStrong : Style::kDim);
  line.Add(MarkOf(hop), Style::kWarning);
  line.Add("  ").AddShrinkable(HopPath(hop), hop.alive() ? Style::kName : Style::kDim);
  if (const std::string detail = DetailOf(hop); !detail.empty()) line.Add("  (" + detail + ")");
  if (hop.has_login()) line.Add("  for " + hop.login().user());
  if (const std::string from = ProcessName(hop.from().process()); !from.empty()) {
    line.Add("  by " + from, Style::kDim);
  }
  return line.Add("  " + AgeSince(hop.time(), now), Style::kDim);
}

const v1::ChainHop* OriginOf(const v1::Chain& chain) {
  for (const v1::ChainHop& hop : chain.hops()) {
    if (hop.id() == chain.id()) return &hop;
  }
  return nullptr;
}

Line ChainLine(const v1::Chain& chain, WallTime now) {
  Line line;
  line.Add(chain.origin().empty() ? "unknown origin" : chain.origin(),
           chain.alive() ? Style::kStrong : Style::kDim);
  const v1::ChainHop* origin = OriginOf(chain);
  if (origin) line.Add(MarkOf(*origin), Style::kWarning);
  line.Add("  ").AddShrinkable(WorkloadName(chain.workload()),
                               chain.alive() ? Style::kName : Style::kDim);
  if (origin && origin->has_remote()) {
    line.Add("  from " + RemoteName(origin->remote()), Style::kName);
  }
  line.Add("  " + AgeSince(chain.time(), now) + "  chain " + ShortId(chain.id()), Style::kDim);
  if (!chain.alive()) line.Add("  ended", Style::kDim);
  return line;
}

// The verdicts of one process, equal neighbours told once with their number.
std::vector<Line> VerdictLines(const v1::ChainProcess& process) {
  std::vector<Line> lines;
  std::string last;
  size_t repeats = 0;
  const auto close = [&] {
    if (repeats > 1) lines.back().Add(" ×" + std::to_string(repeats), Style::kDim);
  };
  for (const v1::Verdict& verdict : process.verdicts()) {
    Line line = VerdictLine(verdict);
    const std::string text = line.Render(0, false);
    if (!lines.empty() && text == last) {
      ++repeats;
      continue;
    }
    close();
    lines.push_back(std::move(line));
    last = text;
    repeats = 1;
  }
  close();
  return lines;
}

class Painter {
 public:
  explicit Painter(const TreeOptions& options) : options_(options) {}

  std::vector<Line> Paint(const v1::Chain& chain) {
    lines_.push_back(ChainLine(chain, options_.now));
    const ChainTree tree(chain);
    Children(tree.root(), "", 1);
    return std::move(lines_);
  }

 private:
  // Siblings that are drawn, and what the others of them come to.
  struct Choice {
    std::vector<const Node*> shown;
    size_t folded_processes = 0;
    size_t folded_hops = 0;
    bool folded() const { return folded_processes + folded_hops > 0; }
  };

  // Quiet siblings fold when they are many; the newest stay, to show what was going on.
  Choice Choose(const std::vector<Node*>& children) const {
    constexpr auto kMany = 4, kStay = 2;
    const auto quiet = std::count_if(children.begin(), children.end(),
                                     [](const Node* child) { return child->quiet; });
    auto to_fold = options_.all || quiet < kMany ? 0 : quiet - kStay;
    Choice choice;
    for (const Node* child : children) {
      if (child->quiet && to_fold > 0) {
        --to_fold;
        choice.folded_processes += child->processes;
        choice.folded_hops += child->hops;
      } else {
        choice.shown.push_back(child);
      }
    }
    return choice;
  }

  static std::string FoldText(const Choice& choice) {
    const std::string hops =
        choice.folded_hops > 0 ? Count(choice.folded_hops, "hop", "hops") + ", " : "";
    return "… " + hops + std::to_string(choice.folded_processes) + " ended";
  }

  void Children(const Node& node, const std::string& indent, size_t depth) {
    if (node.children.empty()) return;
    if (depth > kDeepest) return Put(indent + "└─ ", Line().Add("… deeper", Style::kDim));
    const Choice choice = Choose(node.children);
    if (choice.folded()) {
      Put(indent + (choice.shown.empty() ? "└─ " : "├─ "),
          Line().Add(FoldText(choice), Style::kDim));
    }
    for (const Node* child : choice.shown) {
      const bool last = child == choice.shown.back();
      One(*child, indent, last, depth);
    }
  }

  void One(const Node& node, const std::string& indent, bool last, size_t depth) {
    Put(indent + (last ? "└─ " : "├─ "),
        node.hop ? HopLine(*node.hop, options_.now) : ProcessLine(*node.process, options_.now));
    const std::string below = indent + (last ? "   " : "│  ");
    if (node.process) {
      const std::string bar = node.children.empty() ? "   " : "│  ";
      for (const Line& line : VerdictLines(*node.process)) Put(below + bar, line);
    }
    Children(node, below, depth + 1);
  }

  void Put(const std::string& indent, const Line& line) {
    lines_.push_back(Line().Add(indent, Style::kDim).Append(line));
  }

  const TreeOptions& options_;
  std::vector<Line> lines_;
};

bool MetVerdict(const v1::Chain& chain) {
  return std::any_of(chain.processes().begin(), chain.processes().end(),
                     [](const v1::ChainProcess& process) { return !process.verdicts().empty(); });
}

}  // namespace

std::vector<Line> RenderTree(const std::vector<v1::Chain>& chains, const TreeOptions& options) {
  std::vector<const v1::Chain*> order;
  for (const v1::Chain& chain : chains) order.push_back(&chain);
  const auto rank = [](const v1::Chain* chain) {
    const bool plain = chain->hops_size() <= 1 && !MetVerdict(*chain);
    return std::make_tuple(plain, ToWallTime(chain->time()), chain->id());
  };
  std::sort(order.begin(), order.end(),
            [&](const v1::Chain* a, const v1::Chain* b) { return rank(a) < rank(b); });

  std::vector<Line> lines;
  for (const v1::Chain* chain : order) {
    std::vector<Line> of_chain = Painter(options).Paint(*chain);
    std::move(of_chain.begin(), of_chain.end(), std::back_inserter(lines));
  }
  return lines;
}

Line SummaryLine(const std::vector<v1::Chain>& chains) {
  uint64_t hops = 0, processes = 0, denied = 0;
  for (const v1::Chain& chain : chains) {
    hops += static_cast<uint64_t>(chain.hops_size());
    for (const v1::ChainProcess& process : chain.processes()) {
      processes += process.alive() ? 1 : 0;
      denied += static_cast<uint64_t>(
          std::count_if(process.verdicts().begin(), process.verdicts().end(), IsDenial));
    }
  }
  Line line;
  line.Add(Count(chains.size(), "chain", "chains") + ", " + Count(hops, "hop", "hops") + ", " +
               Count(processes, "live process", "live processes"),
           Style::kDim);
  if (denied > 0) line.Add(", ", Style::kDim).Add(std::to_string(denied) + " denied", Style::kBad);
  return line;
}

std::vector<Line> FitRows(std::vector<Line> lines, size_t rows) {
  if (rows == 0 || lines.size() <= rows) return lines;
  const size_t hidden = lines.size() - (rows - 1);
  lines.resize(rows - 1);
  lines.push_back(Line().Add("… " + Count(hidden, "more line", "more lines"), Style::kDim));
  return lines;
}

}  // namespace nestor::ctl
