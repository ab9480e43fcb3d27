// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/path.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "tools/nestorctl/hop_sentence.h"
#include "tools/nestorctl/words.h"

namespace nestor::ctl {
namespace {

constexpr size_t kMostPaths = 1000;
constexpr size_t kLongestPath = 256;
constexpr size_t kMostSteps = 1'000'000;  // candidates of candidates multiply

bool IsAt(const Waypoint& place, const v1::Workload& workload) {
  const auto fits = [](const std::string& wanted, const std::string& name) {
    return wanted.empty() || wanted == name;
  };
  if (place.pid != 0) return false;
  if (place.host) return workload.container_id().empty() && workload.pod().empty();
  return workload.pod() == place.pod && fits(place.namespace_name, workload.namespace_()) &&
         fits(place.container, workload.container());
}

// An end of which nothing is known is nowhere: not on the host.
bool IsAt(const Waypoint& place, const v1::HopEnd& end) {
  const bool known = end.process().pid() != 0 || !end.workload().container_id().empty();
  return known && IsAt(place, end.workload());
}

class PathFinder {
 public:
  PathFinder(const std::vector<v1::Chain>& chains, const Waypoint& from, const Waypoint& to)
      : from_(from), to_(to) {
    for (const v1::Chain& chain : chains) {
      for (const v1::ChainHop& hop : chain.hops()) hops_.emplace(hop.id(), &hop);
      for (const v1::ChainProcess& process : chain.processes()) {
        processes_.emplace(process.process().id(), &process);
      }
    }
  }

  void Find(const v1::Chain& chain) {
    std::set<std::string_view> arrived;             // hops by which a way has come to `to`
    for (const v1::ChainHop& hop : chain.hops()) {  // parents before children
      if (!LeadsTo(hop)) continue;
      const bool was_there = arrived.contains(hop.parent_id());
      Way way;
      if (!was_there) Climb(chain, hop, way);
      if (was_there || way.found) arrived.insert(hop.id());
    }
  }

  std::vector<v1::Chain> Take() { return std::move(paths_); }

 private:
  struct Way {
    std::vector<const v1::ChainHop*> hops;  // last one first
    bool found = false;
  };

  bool LeadsTo(const v1::ChainHop& hop) const {
    if (to_.pid == 0) return IsAt(to_, hop.to());
    return std::any_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
      const v1::ChainProcess& process = *entry.second;
      return process.process().pid() == to_.pid && process.hop_id() == hop.id();
    });
  }

  // The process that went through the hop is the one asked for, or runs below it.
  bool CameFromProcess(const v1::ChainHop& hop) const {
    const v1::Process& crossed = hop.from().process();
    if (crossed.pid() == from_.pid) return true;
    auto at = processes_.find(crossed.id());
    for (size_t steps = 0; at != processes_.end() && steps < kLongestPath; ++steps) {
      if (at->second->process().pid() == from_.pid) return true;
      at = processes_.find(at->second->parent_id());
    }
    return false;
  }

  bool CameFrom(const v1::ChainHop& hop, const v1::ChainHop* above) const {
    if (from_.pid != 0) return CameFromProcess(hop);
    return IsAt(from_, hop.from()) || (above && IsAt(from_, above->to()));
  }

  std::vector<const v1::ChainHop*> Above(const v1::ChainHop& hop) const {
    std::vector<std::string_view> ids(hop.candidate_ids().begin(), hop.candidate_ids().end());
    if (!IsAmbiguous(hop)) ids = {hop.parent_id()};
    std::vector<const v1::ChainHop*> above;
    for (const std::string_view id : ids) {
      if (const auto found = hops_.find(id); found != hops_.end()) above.push_back(found->second);
    }
    if (above.empty()) above.push_back(nullptr);
    return above;
  }

  void Climb(const v1::Chain& chain, const v1::ChainHop& hop, Way& way) {
    const bool circle = std::find(way.hops.begin(), way.hops.end(), &hop) != way.hops.end();
    if (circle || way.hops.size() >= kLongestPath || paths_.size() >= kMostPaths) return;
    if (++steps_ > kMostSteps) return;
    way.hops.push_back(&hop);
    bool told = false;
    for (const v1::ChainHop* above : Above(hop)) {
      if (!CameFrom(hop, above)) {
        if (above) Climb(chain, *above, way);
      } else if (!std::exchange(told, true)) {
        way.found = true;
        Tell(chain, way);
      }
    }
    way.hops.pop_back();
  }

  void Tell(const v1::Chain& chain, const Way& way) {
    v1::Chain& path = paths_.emplace_back(chain);
    path.clear_processes();
    path.clear_hops();
    for (const v1::ChainHop* hop : way.hops | std::views::reverse) *path.add_hops() = *hop;
  }

  const Waypoint& from_;
  const Waypoint& to_;
  std::map<std::string_view, const v1::ChainHop*> hops_;
  std::map<std::string_view, const v1::ChainProcess*> processes_;
  std::vector<v1::Chain> paths_;
  size_t steps_ = 0;
};

Line Title(const v1::Chain& path) {
  Line line;
  line.Add("chain " + path.id(), Style::kStrong).Add(", " + path.origin() + " in ");
  line.Add(WorkloadName(path.workload()), Style::kName);
  line.Add(", " + Count(static_cast<uint64_t>(path.hops_size()), "hop", "hops"));
  if (!path.alive()) line.Add(", ended", Style::kDim);
  return line;
}

}  // namespace

Result<Waypoint> ParseWaypoint(std::string_view text) {
  const Error wrong = Error::InvalidArgument(
      "`" + std::string(text) +
      "` is no place; write host, a process id, POD, NAMESPACE/POD or NAMESPACE/POD/CONTAINER");
  Waypoint place;
  place.host = text == "host";
  if (place.host) return place;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, place.pid);
  if (error == std::errc() && stop == end && place.pid != 0) return place;
  place.pid = 0;

  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t slash = std::min(text.find('/', begin), text.size());
    parts.emplace_back(text.substr(begin, slash - begin));
    begin = slash + 1;
  }
  const bool empty =
      std::any_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty(); });
  if (empty || parts.size() > 3) return wrong;
  if (parts.size() > 1) place.namespace_name = parts[0];
  place.pod = parts[parts.size() > 1 ? 1 : 0];
  if (parts.size() == 3) place.container = parts[2];
  return place;
}

std::vector<v1::Chain> FindPaths(const std::vector<v1::Chain>& chains, const Waypoint& from,
                                 const Waypoint& to) {
  PathFinder finder(chains, from, to);
  for (const v1::Chain& chain : chains) finder.Find(chain);
  return finder.Take();
}

std::vector<Line> RenderPaths(const std::vector<v1::Chain>& paths,
                              const std::vector<v1::Chain>& chains) {
  KnownHops known;
  for (const v1::Chain& chain : chains) known.Add(chain);
  std::vector<Line> lines;
  for (const v1::Chain& path : paths) {
    lines.push_back(Title(path));
    int number = 1;
    for (const v1::ChainHop& hop : path.hops()) {
      std::vector<Line> of_hop = HopLines(hop, number++, known);
      std::move(of_hop.begin(), of_hop.end(), std::back_inserter(lines));
    }
  }
  return lines;
}

}  // namespace nestor::ctl
