// SPDX-License-Identifier: Apache-2.0
#include "agent/api/filter.h"

#include <algorithm>
#include <charconv>

#include "agent/base/nearest.h"

namespace nestor {
namespace {

constexpr size_t kIdDigits = 16;
constexpr size_t kShortestPrefix = 4;
// What a wrong value contributes to an error message; the rest of it is noise.
constexpr size_t kQuotedBytes = 64;

std::string Quoted(std::string_view text) {
  return "`" + std::string(text.substr(0, kQuotedBytes)) + "`";
}

// Every word of the vocabulary, found by walking it, so that a new type is known here at once.
std::vector<std::string_view> TypeWords() {
  std::vector<std::string_view> words;
  for (uint8_t type = 0; !Name(static_cast<EventType>(type)).empty(); ++type) {
    words.push_back(Name(static_cast<EventType>(type)));
  }
  return words;
}

Status CheckSize(std::string_view list, int size) {
  if (size <= Filter::kMaxValues) return {};
  return Error::InvalidArgument("filter." + std::string(list) + " has " + std::to_string(size) +
                                " values; at most " + std::to_string(Filter::kMaxValues));
}

Status ReadNames(std::string_view list, const google::protobuf::RepeatedPtrField<std::string>& from,
                 std::unordered_set<std::string>& names) {
  if (Status fits = CheckSize(list, from.size()); !fits) return fits;
  for (const std::string& name : from) {
    if (name.empty()) {
      return Error::InvalidArgument("filter." + std::string(list) + " holds an empty name");
    }
    names.insert(name);
  }
  return {};
}

bool Allows(const std::unordered_set<std::string>& names, const std::string& name) {
  return names.empty() || names.contains(name);
}

bool LivedAt(const ChainProcess& process, uint64_t time_ns) {
  if (process.alive) return true;
  const uint64_t run_ns = process.exit ? process.exit->run_ns : 0;
  return process.start_time_ns + run_ns >= time_ns;
}

}  // namespace

Result<ChainIdPrefix> ChainIdPrefix::Parse(std::string_view text) {
  const Error malformed =
      Error::InvalidArgument("chain id " + Quoted(text) + " is not 4 to 16 hex digits");
  if (text.size() < kShortestPrefix || text.size() > kIdDigits) return malformed;
  HopId bits = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bits, 16);
  if (error != std::errc() || stop != end) return malformed;

  const size_t open_bits = 4 * (kIdDigits - text.size());
  return ChainIdPrefix(bits << open_bits, ~HopId{0} << open_bits);
}

Result<Filter> Filter::Create(const v1::EventFilter& filter) {
  Filter made;
  for (const Status& step :
       {made.ReadTypes(filter), made.ReadChainIds(filter),
        ReadNames("pods", filter.pods(), made.pods_),
        ReadNames("namespaces", filter.namespaces(), made.namespaces_),
        ReadNames("containers", filter.containers(), made.containers_), made.ReadSince(filter)}) {
    if (!step) return step.error();
  }
  return made;
}

Status Filter::ReadTypes(const v1::EventFilter& filter) {
  if (Status fits = CheckSize("types", filter.types_size()); !fits) return fits;
  for (const std::string& word : filter.types()) {
    const auto type = EventTypeFromName(word);
    if (!type) {
      return Error::InvalidArgument("unknown event type " + Quoted(word) +
                                    Suggest(word, TypeWords()));
    }
    types_.set(static_cast<size_t>(*type));
  }
  return {};
}

Status Filter::ReadChainIds(const v1::EventFilter& filter) {
  if (Status fits = CheckSize("chain_ids", filter.chain_ids_size()); !fits) return fits;
  for (const std::string& text : filter.chain_ids()) {
    const Result<ChainIdPrefix> prefix = ChainIdPrefix::Parse(text);
    if (!prefix) return prefix.error();
    chain_ids_.push_back(*prefix);
  }
  return {};
}

Status Filter::ReadSince(const v1::EventFilter& filter) {
  if (!filter.has_since()) return {};
  constexpr int64_t kLatestSecond = 18'446'744'072;  // the last whole one that 64 bits of ns hold
  constexpr uint64_t kNsPerSecond = 1'000'000'000;
  const int64_t seconds = filter.since().seconds();
  const int32_t nanos = filter.since().nanos();
  if (seconds < 0 || seconds > kLatestSecond || nanos < 0 || nanos > 999'999'999) {
    return Error::InvalidArgument("filter.since is not a time between 1970 and 2554");
  }
  since_ns_ = static_cast<uint64_t>(seconds) * kNsPerSecond + static_cast<uint64_t>(nanos);
  return {};
}

bool Filter::MatchesChain(HopId id) const {
  return chain_ids_.empty() ||
         std::ranges::any_of(chain_ids_, [id](const auto& prefix) { return prefix.Matches(id); });
}

bool Filter::MatchesWorkload(const Workload& workload) const {
  return Allows(pods_, workload.pod) && Allows(namespaces_, workload.namespace_name) &&
         Allows(containers_, workload.container);
}

bool Filter::MatchesHop(const HopInfo& hop) const {
  return MatchesWorkload(hop.from.workload) || MatchesWorkload(hop.to.workload);
}

bool Filter::Matches(const Event& event) const {
  if (types_.any() && !types_.test(static_cast<size_t>(event.type))) return false;
  if (!IsInTime(event)) return false;
  // What nobody saw may have been of any chain.
  if (event.type == EventType::kLoss || event.type == EventType::kGap) return true;
  return MatchesChain(event.chain_id) && (AnyWorkload() || MatchesWorkload(event.workload) ||
                                          (event.hop && MatchesHop(*event.hop)));
}

bool Filter::LivedSince(const ChainInfo& chain) const {
  if (!since_ns_ || chain.alive || chain.time_ns >= *since_ns_) return true;
  return std::ranges::any_of(chain.processes, [this](const ChainProcess& process) {
    return LivedAt(process, *since_ns_);
  });
}

bool Filter::Matches(const AgentInfo& agent) const {
  const bool lived = agent.alive || agent.end_time_ns >= since_ns_.value_or(0);
  return lived && MatchesChain(agent.chain_id) && MatchesWorkload(agent.workload);
}

bool Filter::Matches(const ChainInfo& chain) const {
  if (!MatchesChain(chain.id) || !LivedSince(chain)) return false;
  return AnyWorkload() || MatchesWorkload(chain.workload) ||
         std::ranges::any_of(chain.hops,
                             [this](const ChainHop& hop) { return MatchesHop(hop.hop); }) ||
         std::ranges::any_of(chain.processes, [this](const ChainProcess& process) {
           return MatchesWorkload(process.workload);
         });
}

}  // namespace nestor
