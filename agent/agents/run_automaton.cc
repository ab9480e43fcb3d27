// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/run_automaton.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "agent/agents/runner.h"

namespace nestor {
namespace {

constexpr size_t kNone = 0xff;  // no runner

// More bits of operands, inside this file.
constexpr size_t CommandOf(size_t runner) { return 256 + runner; }
constexpr size_t MoreCommandOf(size_t runner) { return 320 + runner; }

// Bits of options.
constexpr size_t TakesValue(size_t runner) { return 4 * runner; }
constexpr size_t GivesCode(size_t runner) { return 4 * runner + 1; }
constexpr size_t kDashes = 4 * kNone;

void AddWords(Runner::Words words, size_t bit, AutomatonBuilder& builder) {
  for (const std::string_view word : words) builder.Add(LiteralPattern(word), bit);
}

// "-c", "-lc": the last letter of a cluster tells.
void AddClusters(std::string_view letters, size_t bit, AutomatonBuilder& builder) {
  ByteSet last;
  for (const char letter : letters) last.set(static_cast<uint8_t>(letter));
  if (last.none()) return;
  const ByteSet first = AnyByteBut('\0').reset('-');
  builder.Add({OneByte('-'), OneOf(last)}, bit);
  builder.Add({OneByte('-'), OneOf(first), RepeatOf(AnyByteBut('\0')), OneOf(last)}, bit);
}

Result<Dfa> MakeOptions(size_t max_states) {
  AutomatonBuilder builder;
  builder.Add(LiteralPattern("--"), kDashes);
  for (size_t index = 0; index < Runners().size(); ++index) {
    AddWords(Runners()[index].with_value, TakesValue(index), builder);
    AddWords(CodeOptions(), GivesCode(index), builder);
    AddClusters(Runners()[index].code, GivesCode(index), builder);
  }
  return builder.Build(max_states);
}

// Where in a command line the automaton is. What behaves alike has one place.
struct Place {
  enum class Kind : uint8_t {
    kDead,
    kName,     // in the runner's own name
    kWord,     // a word begins
    kOption,   // in an option: `state` of the automaton of options
    kValue,    // in an option's value
    kOperand,  // in what may be the operand, or a command: `state` of the automaton of operands
    kFound,    // the operand ended, and named agents: `state` is their set; another word begins
  };
  Kind kind = Kind::kDead;
  size_t runner = kNone;
  bool commanded = false;  // no command has to come first
  uint32_t state = 0;

  auto operator<=>(const Place&) const = default;
};

class Construction {
 public:
  Construction(Dfa options, Dfa operands)
      : options_(std::move(options)), operands_(std::move(operands)), reach_(ReachOf(operands_)) {
    for (size_t agents : {RunBits::Is(0), RunBits::With(0, 0), RunBits::With(1, 0)})
      for (size_t bit = 0; bit < 64; ++bit) agents_.set(agents + bit);
  }

  Result<Dfa> Run(size_t max_states) {
    Of({});
    for (size_t runner = 0; runner < Runners().size(); ++runner)
      Of({Place::Kind::kName, runner, Runners()[runner].commands.empty(), 0});
    while (next_.size() < places_.size()) {
      const Place place = places_[next_.size()];  // a copy: new ones come while it is looked at
      if (places_.size() > max_states)
        return Error{ErrorCode::kResourceExhausted, "the patterns together need more than " +
                                                        std::to_string(max_states) + " states"};
      std::array<uint32_t, 256> row{};
      for (unsigned byte = 0; byte < row.size(); ++byte)
        row[byte] = Of(Step(place, static_cast<uint8_t>(byte)));
      next_.push_back(row);
    }
    return Name();
  }

 private:
  using Kind = Place::Kind;

  uint32_t Of(const Place& place) {
    const auto [entry, fresh] = known_.try_emplace(place, static_cast<uint32_t>(places_.size()));
    if (fresh) places_.push_back(place);
    return entry->second;
  }

  static Place Word(size_t runner, bool commanded) { return {Kind::kWord, runner, commanded, 0}; }

  // In an operand. Only as far as it can still be a command does it matter whose it is.
  Place Operand(size_t runner, bool commanded, uint32_t state) const {
    if (state == 0) return {};
    const RuleBits& reach = reach_[state];
    if (!commanded) {
      if (!reach[CommandOf(runner)]) return {};
      return {Kind::kOperand, runner, false, state};
    }
    if (runner != kNone && reach[MoreCommandOf(runner)])
      return {Kind::kOperand, runner, true, state};
    return {Kind::kOperand, kNone, true, state};
  }

  // What is run is known: agents, and perhaps a runner, whose own arguments follow.
  Place Found(uint32_t state) {
    const RuleBits& bits = operands_.Accepts(state);
    size_t runner = kNone;
    for (size_t index = 0; index < Runners().size() && runner == kNone; ++index)
      if (bits[RunBits::Runner(index)]) runner = index;
    const bool commanded = runner != kNone && Runners()[runner].commands.empty();
    const RuleBits agents = bits & agents_;
    if (agents.none()) return runner == kNone ? Place() : Word(runner, commanded);
    return {Kind::kFound, runner, commanded, SetOf(agents)};
  }

  Place AfterOption(const Place& at) const {
    const RuleBits& bits = options_.Accepts(at.state);
    if (bits[kDashes]) return at.commanded ? Operand(kNone, true, 1) : Place();
    if (bits[GivesCode(at.runner)]) return {};
    if (bits[TakesValue(at.runner)]) return {Kind::kValue, at.runner, at.commanded, 0};
    return Word(at.runner, at.commanded);
  }

  Place AfterOperand(const Place& at) {
    const RuleBits& bits = operands_.Accepts(at.state);
    if (!at.commanded) return bits[CommandOf(at.runner)] ? Word(at.runner, true) : Place();
    if (at.runner != kNone && bits[MoreCommandOf(at.runner)]) return Word(at.runner, true);
    return Found(at.state);
  }

  Place BeginWord(const Place& at, uint8_t byte) {
    if (at.runner == kNone) return {};
    if (byte == '-' || byte == '+')
      return {Kind::kOption, at.runner, at.commanded, options_.Next(1, byte)};
    if (byte == '\0') return {};  // an empty operand
    return Operand(at.runner, at.commanded, operands_.Next(1, byte));
  }

  Place Step(Place at, uint8_t byte) {
    switch (at.kind) {
      case Kind::kDead:
        return {};
      case Kind::kName:
      case Kind::kValue:
        return byte == '\0' ? Word(at.runner, at.commanded) : at;
      case Kind::kWord:
      case Kind::kFound:
        return BeginWord(at, byte);
      case Kind::kOption:
        if (byte == '\0') return AfterOption(at);
        at.state = options_.Next(at.state, byte);
        return at;
      case Kind::kOperand:
        if (byte == '\0') return AfterOperand(at);
        return Operand(at.runner, at.commanded, operands_.Next(at.state, byte));
    }
    return {};
  }

  uint32_t SetOf(const RuleBits& set) {
    const auto known = std::ranges::find(sets_, set);
    if (known != sets_.end()) return static_cast<uint32_t>(known - sets_.begin());
    sets_.push_back(set);
    return static_cast<uint32_t>(sets_.size() - 1);
  }

  // What is known for certain when the automaton comes to this place.
  RuleBits HitsAt(const Place& place) const {
    if (place.kind == Kind::kFound) return sets_[place.state];
    const bool operand = place.kind == Kind::kOperand && place.commanded;
    return operand ? operands_.Hits(place.state) & agents_ : RuleBits();
  }

  // Places as states: those with hits last.
  Dfa Name() {
    std::vector<uint32_t> order, with_hits;
    for (uint32_t place = 0; place < places_.size(); ++place)
      (HitsAt(places_[place]).any() ? with_hits : order).push_back(place);
    Dfa dfa;
    dfa.hits_from = static_cast<uint32_t>(order.size());
    order.insert(order.end(), with_hits.begin(), with_hits.end());
    std::vector<uint16_t> name(order.size());
    for (size_t state = 0; state < order.size(); ++state)
      name[order[state]] = static_cast<uint16_t>(state);
    AddClasses(dfa);
    for (const uint32_t place : order) {
      for (const uint8_t byte : representatives_) dfa.next.push_back(name[next_[place][byte]]);
      dfa.accept.push_back(0);
    }
    for (const uint32_t place : with_hits)
      dfa.hits.push_back(static_cast<uint16_t>(SetOf(HitsAt(places_[place]))));
    dfa.sets = sets_;
    return dfa;
  }

  // Bytes that no place tells apart are one class.
  void AddClasses(Dfa& dfa) {
    std::map<std::vector<uint32_t>, uint8_t> known;
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::vector<uint32_t> column;
      column.reserve(next_.size());
      for (const auto& row : next_) column.push_back(row[byte]);
      const auto [entry, fresh] =
          known.try_emplace(std::move(column), static_cast<uint8_t>(representatives_.size()));
      if (fresh) representatives_.push_back(static_cast<uint8_t>(byte));
      dfa.class_of[byte] = entry->second;
    }
    dfa.classes = static_cast<uint32_t>(representatives_.size());
  }

  const Dfa options_, operands_;
  const std::vector<RuleBits> reach_;
  RuleBits agents_;  // all bits of agents
  std::map<Place, uint32_t> known_;
  std::vector<Place> places_;  // the dead one first, then the runners' names
  std::vector<std::array<uint32_t, 256>> next_;
  std::vector<RuleBits> sets_ = {RuleBits()};
  std::vector<uint8_t> representatives_;
};

}  // namespace

Result<Dfa> MakeRunAutomaton(AutomatonBuilder operands, size_t max_states) {
  for (size_t index = 0; index < Runners().size(); ++index) {
    AddWords(Runners()[index].commands, CommandOf(index), operands);
    AddWords(Runners()[index].more_commands, MoreCommandOf(index), operands);
  }
  Result<Dfa> of_operands = operands.Build(max_states);
  if (!of_operands) return of_operands.error();
  Result<Dfa> of_options = MakeOptions(max_states);
  if (!of_options) return of_options.error();
  return Construction(*std::move(of_options), *std::move(of_operands)).Run(max_states);
}

}  // namespace nestor
