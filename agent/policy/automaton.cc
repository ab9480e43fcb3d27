// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/automaton.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace nestor {
namespace {

constexpr size_t kRawFactor = 2;
constexpr size_t kMostStates = 65535;
constexpr size_t kMaxNodes = 1U << 18;
constexpr uint64_t kMaxSteps = 1U << 28;  // positions looked at while states are found

struct Bounds {
  size_t states, cells;

  Error TooLarge() const {
    return {ErrorCode::kResourceExhausted, "the patterns together need more than " +
                                               std::to_string(states) + " states or " +
                                               std::to_string(cells) + " cells"};
  }
};

// Sets of rules, each once; the first is empty.
class RuleSets {
 public:
  RuleSets() { Add({}); }

  uint32_t Add(const RuleBits& rules) {
    const auto [entry, fresh] = index_.try_emplace(rules, static_cast<uint32_t>(sets_.size()));
    if (fresh) sets_.push_back(rules);
    return entry->second;
  }
  size_t size() const { return sets_.size(); }
  std::vector<RuleBits> Take() { return std::move(sets_); }

 private:
  std::vector<RuleBits> sets_;
  std::unordered_map<RuleBits, uint32_t> index_;
};

// Bytes that no pattern tells apart are one class: the work is done once for each class.
struct ByteClasses {
  std::array<uint8_t, 256> of{};
  std::vector<uint8_t> representative;

  // Splits every class into the bytes inside and outside `set`.
  void Refine(const ByteSet& set) {
    std::map<std::pair<uint8_t, bool>, uint8_t> renamed;
    representative.clear();
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto [entry, fresh] =
          renamed.try_emplace({of[byte], set[byte]}, static_cast<uint8_t>(representative.size()));
      if (fresh) representative.push_back(static_cast<uint8_t>(byte));
      of[byte] = entry->second;
    }
  }
};

// An automaton by class; state 0 is dead.
struct RawDfa {
  ByteClasses classes;
  std::vector<uint32_t> next;    // [state * classes + class]
  std::vector<uint32_t> accept;  // [state]: index into sets
  std::vector<uint32_t> hits;    // the same
  RuleSets sets;
  uint32_t start = 0;

  size_t width() const { return classes.representative.size(); }
  size_t states() const { return accept.size(); }
};

// Who steps into each state on each class. Steps into the dead state are left out.
class Predecessors {
 public:
  explicit Predecessors(const RawDfa& raw)
      : states_(raw.states()), begin_(raw.width() * states_ + 1) {
    const size_t width = raw.width();
    for (size_t step = 0; step < raw.next.size(); ++step)
      if (raw.next[step] != 0) ++begin_[step % width * states_ + raw.next[step] + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    from_.resize(begin_.back());
    std::vector<uint32_t> at(begin_.begin(), begin_.end() - 1);
    for (size_t step = 0; step < raw.next.size(); ++step)
      if (raw.next[step] != 0)
        from_[at[step % width * states_ + raw.next[step]]++] = static_cast<uint32_t>(step / width);
  }

  std::span<const uint32_t> Of(uint32_t state, size_t c) const {
    const size_t index = c * states_ + state;
    return std::span(from_).subspan(begin_[index], begin_[index + 1] - begin_[index]);
  }

 private:
  size_t states_;
  std::vector<uint32_t> begin_;  // [class * states + state]
  std::vector<uint32_t> from_;
};

// Hopcroft: splits blocks of states until all states of a block behave alike. The states of a block
// lie next to each other, so that a split costs what it moves.
class Minimiser {
 public:
  explicit Minimiser(const RawDfa& raw)
      : raw_(raw), before_(raw), block_of_(raw.states()), place_(raw.states()) {}

  // Block of each state; the block of state 0 is 0 and holds exactly the dead states.
  std::vector<uint32_t> Run() {
    SplitByAcceptance();
    while (!work_.empty()) {
      const uint32_t block = work_.back();
      work_.pop_back();
      const std::vector<uint32_t> target(order_.begin() + blocks_[block].begin,
                                         order_.begin() + blocks_[block].end);
      for (size_t c = 0; c < raw_.width(); ++c) SplitBy(target, c);
    }
    return std::move(block_of_);
  }

 private:
  struct Block {
    uint32_t begin, end;  // in order_
    uint32_t marked = 0;  // so many of the first ones step into the target
  };

  // From which something can still match.
  std::vector<bool> Live() const {
    std::vector<bool> live(raw_.states());
    std::vector<uint32_t> open;
    for (uint32_t state = 0; state < raw_.states(); ++state)
      if (raw_.accept[state] != 0 || raw_.hits[state] != 0) open.push_back(state);
    for (const uint32_t state : open) live[state] = true;
    while (!open.empty()) {
      const uint32_t at = open.back();
      open.pop_back();
      for (size_t c = 0; c < raw_.width(); ++c)
        for (const uint32_t from : before_.Of(at, c))
          if (!live[from]) live[from] = true, open.push_back(from);
    }
    return live;
  }

  // All dead states are one block, which never splits. All others are split by what they step
  // into, except by the dead block: what steps into no other block steps into that.
  void SplitByAcceptance() {
    const std::vector<bool> live = Live();
    std::vector<std::vector<uint32_t>> members(1);  // 0: the dead
    std::map<std::pair<uint32_t, uint32_t>, size_t> block_of_sets;
    for (uint32_t state = 0; state < raw_.states(); ++state) {
      size_t block = 0;
      if (live[state]) {
        const auto [entry, fresh] =
            block_of_sets.try_emplace({raw_.accept[state], raw_.hits[state]}, members.size());
        if (fresh) members.emplace_back();
        block = entry->second;
      }
      members[block].push_back(state);
    }
    for (const std::vector<uint32_t>& states : members) {
      const auto block = static_cast<uint32_t>(blocks_.size());
      const auto begin = static_cast<uint32_t>(order_.size());
      for (const uint32_t state : states) {
        block_of_[state] = block;
        place_[state] = static_cast<uint32_t>(order_.size());
        order_.push_back(state);
      }
      blocks_.push_back({begin, static_cast<uint32_t>(order_.size())});
      if (block != 0) work_.push_back(block);
    }
  }

  void Swap(uint32_t a, uint32_t b) {  // places
    std::swap(order_[a], order_[b]);
    place_[order_[a]] = a;
    place_[order_[b]] = b;
  }

  // Splits every block into those that step into `target` on class `c`, and the others.
  void SplitBy(const std::vector<uint32_t>& target, size_t c) {
    touched_.clear();
    for (const uint32_t into : target) {
      for (const uint32_t state : before_.Of(into, c)) {
        const uint32_t at = block_of_[state];
        if (at == 0) continue;
        Block& block = blocks_[at];
        if (block.marked == 0) touched_.push_back(at);
        Swap(place_[state], block.begin + block.marked++);
      }
    }
    for (const uint32_t at : touched_) {
      const uint32_t middle = blocks_[at].begin + std::exchange(blocks_[at].marked, 0);
      if (middle == blocks_[at].end) continue;
      Cut(at, middle);
    }
  }

  // The smaller part becomes a block of its own, and is the one that is still to split others.
  void Cut(uint32_t at, uint32_t middle) {
    const auto fresh = static_cast<uint32_t>(blocks_.size());
    const Block whole = blocks_[at];
    const bool first_is_smaller = middle - whole.begin <= whole.end - middle;
    blocks_.push_back(first_is_smaller ? Block{whole.begin, middle} : Block{middle, whole.end});
    blocks_[at] = first_is_smaller ? Block{middle, whole.end} : Block{whole.begin, middle};
    for (uint32_t i = blocks_[fresh].begin; i < blocks_[fresh].end; ++i)
      block_of_[order_[i]] = fresh;
    work_.push_back(fresh);  // the larger part still waits, too, or was looked at before
  }

  const RawDfa& raw_;
  const Predecessors before_;
  std::vector<uint32_t> block_of_;
  std::vector<uint32_t> order_;  // states, block by block
  std::vector<uint32_t> place_;  // of each state in order_
  std::vector<Block> blocks_;
  std::vector<uint32_t> work_;  // blocks, each once
  std::vector<uint32_t> touched_;
};

// Names blocks as states: the dead one 0, the start 1, those with hits last.
class Namer {
 public:
  Namer(RawDfa raw, const std::vector<uint32_t>& block_of, Bounds bounds)
      : raw_(std::move(raw)),
        block_of_(block_of),
        bounds_(bounds),
        name_(raw_.states(), kUnnamed) {}

  Result<Dfa> Run() {
    const size_t width = raw_.width();
    if (!FindMembers() || members_.size() > bounds_.states ||
        members_.size() * width > bounds_.cells)
      return bounds_.TooLarge();
    const std::vector<RuleBits> raw_sets = raw_.sets.Take();
    const bool start_is_dead = block_of_[raw_.start] == block_of_[0];
    RuleSets sets;
    Dfa dfa;
    dfa.class_of = raw_.classes.of;
    dfa.classes = static_cast<uint32_t>(width);
    for (size_t state = 0; state < members_.size(); ++state) {
      const uint32_t member = members_[state];
      dfa.accept.push_back(static_cast<uint16_t>(sets.Add(raw_sets[raw_.accept[member]])));
      if (raw_.hits[member] != 0) {
        dfa.hits_from = std::min(dfa.hits_from, static_cast<uint32_t>(state));
        dfa.hits.push_back(static_cast<uint16_t>(sets.Add(raw_sets[raw_.hits[member]])));
      }
      for (size_t c = 0; c < width; ++c) {
        const uint32_t into = start_is_dead ? 0 : raw_.next[member * width + c];
        dfa.next.push_back(static_cast<uint16_t>(name_[block_of_[into]]));
      }
    }
    dfa.sets = sets.Take();
    return dfa;
  }

 private:
  static constexpr uint32_t kUnnamed = 0xffffffff;

  // A state of each block that the start leads to.
  bool FindMembers() {
    members_ = {0, raw_.start};
    std::vector<uint32_t> with_hits, open = {raw_.start};
    std::vector<bool> seen(raw_.states());
    seen[block_of_[0]] = seen[block_of_[raw_.start]] = true;
    for (size_t at = 0; at < open.size(); ++at) {
      for (size_t c = 0; c < raw_.width(); ++c) {
        const uint32_t into = raw_.next[open[at] * raw_.width() + c];
        if (seen[block_of_[into]]) continue;
        seen[block_of_[into]] = true;
        open.push_back(into);
        (raw_.hits[into] != 0 ? with_hits : members_).push_back(into);
      }
    }
    members_.insert(members_.end(), with_hits.begin(), with_hits.end());
    for (size_t state = members_.size(); state-- > 0;)
      name_[block_of_[members_[state]]] = static_cast<uint32_t>(state);
    return raw_.hits[raw_.start] == 0;
  }

  RawDfa raw_;
  const std::vector<uint32_t>& block_of_;
  Bounds bounds_;
  std::vector<uint32_t> name_;     // of a block
  std::vector<uint32_t> members_;  // a state of each named block
};

}  // namespace

// From sets of pattern positions to states.
class SubsetConstruction {
 public:
  explicit SubsetConstruction(const AutomatonBuilder& builder)
      : nodes_(builder.nodes_), seen_(builder.nodes_.size()) {
    raw_.classes.representative = {0};
    std::unordered_set<ByteSet> known;
    for (const AutomatonBuilder::Node& node : nodes_)
      if (Reads(node) && known.insert(node.item.bytes).second) raw_.classes.Refine(node.item.bytes);
    StateOf({});
    Set start;
    ++round_;
    for (const uint32_t node : builder.starts_) Reach(node, start);
    raw_.start = StateOf(std::move(start));
  }

  Result<RawDfa> Run(Bounds bounds) {
    const size_t most = std::min(bounds.states, bounds.cells / raw_.width() + 1) * kRawFactor;
    for (uint32_t state = 0; state < sets_.size(); ++state) {
      if (sets_.size() > most || steps_ > kMaxSteps) return bounds.TooLarge();
      for (const uint8_t byte : raw_.classes.representative) {
        const uint32_t next = Step(state, byte);
        raw_.next.push_back(next);
      }
    }
    return std::move(raw_);
  }

 private:
  using Set = std::vector<uint32_t>;

  struct SetHash {
    size_t operator()(const Set& set) const {
      size_t hash = 1469598103934665603ULL;
      for (const uint32_t node : set) hash = (hash ^ node) * 1099511628211ULL;
      return hash;
    }
  };

  static bool Reads(const AutomatonBuilder::Node& node) {
    return !node.final && (node.item.kind == PatternItem::Kind::kOne ||
                           node.item.kind == PatternItem::Kind::kRepeat);
  }

  // Adds the nodes that read a byte or end a pattern and that can be reached from `node` without a
  // byte. Each node once in a round.
  void Reach(uint32_t from, Set& set) {
    open_.push_back(from);
    while (!open_.empty()) {
      const uint32_t at = open_.back();
      open_.pop_back();
      if (seen_[at] == round_) continue;
      seen_[at] = round_;
      ++steps_;
      const AutomatonBuilder::Node& node = nodes_[at];
      if (node.final || Reads(node)) set.push_back(at);
      if (node.final || node.item.kind == PatternItem::Kind::kOne) continue;
      if (node.item.kind != PatternItem::Kind::kJump) open_.push_back(at + 1);
      if (node.item.kind != PatternItem::Kind::kRepeat)
        open_.push_back(static_cast<uint32_t>(static_cast<int64_t>(at) + 1 + node.item.jump));
    }
  }

  uint32_t StateOf(Set set) {
    std::sort(set.begin(), set.end());
    const auto [entry, fresh] = state_of_.try_emplace(set, static_cast<uint32_t>(sets_.size()));
    if (!fresh) return entry->second;
    RuleBits accept, except, hits;
    for (const uint32_t node : set)
      if (nodes_[node].final)
        (nodes_[node].except ? except : nodes_[node].hit ? hits : accept).set(nodes_[node].rule);
    raw_.accept.push_back(raw_.sets.Add(accept & ~except));
    raw_.hits.push_back(raw_.sets.Add(hits));
    sets_.push_back(std::move(set));
    return entry->second;
  }

  uint32_t Step(uint32_t state, uint8_t byte) {
    Set after;
    ++round_;
    steps_ += sets_[state].size();
    for (const uint32_t node : sets_[state]) {
      const AutomatonBuilder::Node& from = nodes_[node];
      if (from.final || !from.item.bytes[byte]) continue;
      Reach(from.item.kind == PatternItem::Kind::kOne ? node + 1 : node, after);
    }
    return StateOf(std::move(after));
  }

  const std::vector<AutomatonBuilder::Node>& nodes_;
  RawDfa raw_;
  std::vector<Set> sets_;
  std::unordered_map<Set, uint32_t, SetHash> state_of_;
  std::vector<uint32_t> seen_;  // the round in which a node was reached last
  std::vector<uint32_t> open_;
  uint32_t round_ = 0;
  uint64_t steps_ = 0;
};

void AutomatonBuilder::AddNodes(const Pattern& pattern, Node last) {
  starts_.push_back(static_cast<uint32_t>(nodes_.size()));
  for (const PatternItem& item : pattern) nodes_.push_back({.item = item});
  last.final = true;
  nodes_.push_back(last);
  rules_.set(last.rule);
}

Result<Dfa> AutomatonBuilder::Build(size_t max_states, size_t max_cells) const {
  const Bounds bounds{std::min(max_states, kMostStates), std::min(max_cells, kAnyCells)};
  if (nodes_.size() > kMaxNodes) return bounds.TooLarge();
  Result<RawDfa> raw = SubsetConstruction(*this).Run(bounds);
  if (!raw) return raw.error();
  const std::vector<uint32_t> block_of = Minimiser(*raw).Run();
  return Namer(*std::move(raw), block_of, bounds).Run();
}

RuleBits RulesMatching(const Dfa& dfa, std::string_view text) {
  if (dfa.states() == 0) return {};
  uint16_t state = 1;
  RuleBits hits;
  for (const char c : text) {
    state = dfa.Next(state, static_cast<uint8_t>(c));
    if (state >= dfa.hits_from) hits |= dfa.Hits(state);
  }
  return hits | dfa.Accepts(state);
}

std::vector<RuleBits> ReachOf(const Dfa& dfa) {
  std::vector<RuleBits> reach(dfa.states());
  std::vector<std::vector<uint16_t>> before(dfa.states());
  for (size_t state = 0; state < dfa.states(); ++state) {
    std::vector<uint16_t> into(
        dfa.next.begin() + static_cast<ptrdiff_t>(state * dfa.classes),
        dfa.next.begin() + static_cast<ptrdiff_t>((state + 1) * dfa.classes));
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
    for (const uint16_t next : into) before[next].push_back(static_cast<uint16_t>(state));
  }
  std::vector<uint16_t> open;
  std::vector<bool> waits(dfa.states());
  for (size_t state = 0; state < dfa.states(); ++state) {
    const auto number = static_cast<uint32_t>(state);
    reach[state] = dfa.Accepts(number) | dfa.Hits(number);
    if (reach[state].none()) continue;
    open.push_back(static_cast<uint16_t>(state));
    waits[state] = true;
  }
  while (!open.empty()) {
    const uint16_t at = open.back();
    open.pop_back();
    waits[at] = false;
    for (const uint16_t from : before[at]) {
      if ((reach[at] & ~reach[from]).none()) continue;
      reach[from] |= reach[at];
      if (!waits[from]) open.push_back(from);
      waits[from] = true;
    }
  }
  return reach;
}

}  // namespace nestor
