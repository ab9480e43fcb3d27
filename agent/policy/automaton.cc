// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/automaton.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace nestor {
namespace {

constexpr size_t kRawStatesFactor = 4;
constexpr size_t kMaxNodes = 1U << 18;
constexpr uint64_t kMaxSteps = 1U << 28;  // positions looked at while states are found

Error TooLarge(size_t max_states) {
  return {ErrorCode::kResourceExhausted,
          "the patterns together need more than " + std::to_string(max_states) + " states"};
}

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
  std::vector<std::vector<uint32_t>> next;  // [state][class]
  std::vector<RuleBits> accept;
  uint32_t start = 0;
};

// Hopcroft: splits blocks of states until all states of a block behave alike.
class Minimiser {
 public:
  explicit Minimiser(const RawDfa& raw)
      : raw_(raw), block_of_(raw.next.size()), before_(raw.classes.representative.size()) {
    for (auto& column : before_) column.resize(raw.next.size());
    for (uint32_t state = 0; state < raw.next.size(); ++state)
      for (size_t c = 0; c < before_.size(); ++c) before_[c][raw.next[state][c]].push_back(state);
  }

  // Block of each state; the block of state 0 holds exactly the dead states.
  std::vector<uint32_t> Run() {
    SplitByAcceptance();
    while (!work_.empty()) {
      const auto [block, c] = work_.back();
      work_.pop_back();
      waits_[block][c] = false;
      SplitBy(std::vector<uint32_t>(blocks_[block]), c);
    }
    return block_of_;
  }

 private:
  struct Hash {
    size_t operator()(const RuleBits& bits) const { return std::hash<RuleBits>()(bits); }
  };

  void SplitByAcceptance() {
    std::unordered_map<RuleBits, uint32_t, Hash> block_of_bits;
    for (uint32_t state = 0; state < raw_.next.size(); ++state) {
      const auto [entry, fresh] =
          block_of_bits.try_emplace(raw_.accept[state], static_cast<uint32_t>(blocks_.size()));
      if (fresh) blocks_.emplace_back();
      block_of_[state] = entry->second;
      blocks_[entry->second].push_back(state);
    }
    waits_.assign(blocks_.size(), std::vector<bool>(before_.size()));
    for (uint32_t block = 0; block < blocks_.size(); ++block)
      for (uint32_t c = 0; c < before_.size(); ++c) Enqueue(block, c);
  }

  // Splits every block into those that step into `target` on class `c`, and the others.
  void SplitBy(const std::vector<uint32_t>& target, uint32_t c) {
    std::map<uint32_t, std::vector<uint32_t>> touched;
    for (const uint32_t into : target)
      for (const uint32_t state : before_[c][into]) touched[block_of_[state]].push_back(state);
    for (auto& [block, inside] : touched) {
      if (inside.size() == blocks_[block].size()) continue;
      const auto fresh = static_cast<uint32_t>(blocks_.size());
      for (const uint32_t state : inside) block_of_[state] = fresh;
      std::erase_if(blocks_[block], [&](uint32_t state) { return block_of_[state] == fresh; });
      blocks_.push_back(std::move(inside));
      waits_.emplace_back(before_.size());
      const uint32_t smaller = blocks_[fresh].size() < blocks_[block].size() ? fresh : block;
      for (uint32_t column = 0; column < before_.size(); ++column)
        Enqueue(waits_[block][column] ? fresh : smaller, column);
    }
  }

  void Enqueue(uint32_t block, uint32_t c) {
    waits_[block][c] = true;
    work_.emplace_back(block, c);
  }

  const RawDfa& raw_;
  std::vector<uint32_t> block_of_;
  std::vector<std::vector<uint32_t>> blocks_;
  std::vector<std::vector<std::vector<uint32_t>>> before_;  // [class][state] -> predecessors
  std::vector<std::pair<uint32_t, uint32_t>> work_;         // (block, class)
  std::vector<std::vector<bool>> waits_;                    // [block][class]: is in work_
};

Result<Dfa> ToDfa(const RawDfa& raw, const std::vector<uint32_t>& block_of, size_t max_states) {
  constexpr uint32_t kUnnamed = 0xffffffff;
  std::vector<uint32_t> name(raw.next.size(), kUnnamed);  // of a block
  std::vector<uint32_t> member = {0, raw.start};          // a state of each named block
  name[block_of[0]] = 0;
  if (name[block_of[raw.start]] == kUnnamed) name[block_of[raw.start]] = 1;
  const bool start_is_dead = name[block_of[raw.start]] == 0;
  Dfa dfa;
  for (size_t state = 0; state < member.size(); ++state) {
    if (state >= max_states) return TooLarge(max_states);
    auto& row = dfa.next.emplace_back();
    dfa.accept.push_back(raw.accept[member[state]]);
    for (unsigned byte = 0; byte < 256 && !(start_is_dead && state == 1); ++byte) {
      const uint32_t block = block_of[raw.next[member[state]][raw.classes.of[byte]]];
      if (name[block] == kUnnamed) {
        name[block] = static_cast<uint32_t>(member.size());
        const auto found = std::find(block_of.begin(), block_of.end(), block);
        member.push_back(static_cast<uint32_t>(found - block_of.begin()));
      }
      row[byte] = static_cast<uint16_t>(name[block]);
    }
  }
  return dfa;
}

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

  Result<RawDfa> Run(size_t max_raw_states) {
    for (uint32_t state = 0; state < sets_.size(); ++state) {
      if (sets_.size() > max_raw_states || steps_ > kMaxSteps)
        return TooLarge(max_raw_states / kRawStatesFactor);
      std::vector<uint32_t> row;
      row.reserve(raw_.classes.representative.size());
      for (const uint8_t byte : raw_.classes.representative) row.push_back(Step(state, byte));
      raw_.next.push_back(std::move(row));
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
    RuleBits accept, except;
    for (const uint32_t node : set)
      if (nodes_[node].final) (nodes_[node].except ? except : accept).set(nodes_[node].rule);
    raw_.accept.push_back(accept & ~except);
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

void AutomatonBuilder::AddNodes(const Pattern& pattern, size_t rule, bool except) {
  starts_.push_back(static_cast<uint32_t>(nodes_.size()));
  for (const PatternItem& item : pattern) nodes_.push_back({item, false, except, rule});
  nodes_.push_back({{}, true, except, rule});
  rules_.set(rule);
}

Result<Dfa> AutomatonBuilder::Build(size_t max_states) const {
  if (nodes_.size() > kMaxNodes) return TooLarge(max_states);
  Result<RawDfa> raw = SubsetConstruction(*this).Run(max_states * kRawStatesFactor);
  if (!raw) return raw.error();
  return ToDfa(*raw, Minimiser(*raw).Run(), max_states);
}

RuleBits RulesMatching(const Dfa& dfa, std::string_view text) {
  if (dfa.next.empty()) return {};
  uint16_t state = 1;
  for (const char c : text) state = dfa.next[state][static_cast<uint8_t>(c)];
  return dfa.accept[state];
}

}  // namespace nestor
