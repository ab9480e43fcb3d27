// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_FILTER_H_
#define NESTOR_AGENT_API_FILTER_H_

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/event.h"
#include "nestor/v1/nestor.pb.h"

namespace nestor {

// The first hex digits of a chain id, at least 4 of the 16, in either case.
class ChainIdPrefix {
 public:
  // kInvalidArgument when `text` is anything else.
  static Result<ChainIdPrefix> Parse(std::string_view text);

  bool Matches(HopId id) const { return id != 0 && (id & mask_) == bits_; }

 private:
  ChainIdPrefix(HopId bits, HopId mask) : bits_(bits), mask_(mask) {}

  HopId bits_;
  HopId mask_;
};

// A checked v1::EventFilter, made once per call and then asked for every event. Values of one list
// are alternatives, different lists must all match, an empty list matches everything. Immutable;
// thread: any.
class Filter {
 public:
  // kInvalidArgument, with the nearest right word, for an unknown event type, a malformed chain id,
  // an empty name, a time that is none, or more than kMaxValues values in one list.
  static Result<Filter> Create(const v1::EventFilter& filter);

  // Pod, namespace and container must be those of one workload: the event's own, or one that a hop
  // leads from or to. A loss passes the lists of chains and workloads, since what was lost may have
  // belonged to any of them; only `types` and `since` keep it back.
  bool Matches(const Event& event) const;

  // `types` does not count; the workload may be that of any hop or process of the chain. `since`
  // lets a chain pass in which a process still lived at that time.
  bool Matches(const ChainInfo& chain) const;

  // As for a chain, of the agent itself alone.
  bool Matches(const AgentInfo& agent) const;

  bool has_since() const { return since_ns_.has_value(); }
  // Whether it is as new as is asked for.
  bool IsInTime(const Event& event) const { return event.time_ns >= since_ns_.value_or(0); }
  // Whether it keeps no event back but for its age.
  bool TakesAll() const { return types_.none() && chain_ids_.empty() && AnyWorkload(); }

  static constexpr int kMaxValues = 256;

 private:
  using Names = std::unordered_set<std::string>;

  Filter() = default;
  Status ReadTypes(const v1::EventFilter& filter);
  Status ReadChainIds(const v1::EventFilter& filter);
  Status ReadSince(const v1::EventFilter& filter);
  bool MatchesChain(HopId id) const;
  bool MatchesWorkload(const Workload& workload) const;
  bool MatchesHop(const HopInfo& hop) const;
  bool LivedSince(const ChainInfo& chain) const;
  bool AnyWorkload() const { return pods_.empty() && namespaces_.empty() && containers_.empty(); }

  std::bitset<32> types_;  // by EventType; none: all
  std::vector<ChainIdPrefix> chain_ids_;
  Names pods_;
  Names namespaces_;
  Names containers_;
  std::optional<uint64_t> since_ns_;  // CLOCK_REALTIME
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_FILTER_H_
