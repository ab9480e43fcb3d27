// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_MASK_LITERALS_H_
#define NESTOR_AGENT_MASK_LITERALS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace nestor {

// Which of some short texts occur in a string, upper case like lower case: one look at each byte,
// however many texts there are and whatever the string is (Aho and Corasick). Immutable; thread:
// any.
class Literals {
 public:
  using Groups = uint64_t;  // a bit for each group of texts

  struct Text {
    std::string_view text;  // lower case
    Groups groups;          // that it belongs to
  };

  explicit Literals(std::span<const Text> texts);

  // The groups of which a text occurs. O(text.size()).
  Groups In(std::string_view text) const;

 private:
  using State = uint16_t;

  void Add(const Text& text);
  void Link();
  State& Next(State state, size_t kind) { return next_[size_t{state} * kinds_ + kind]; }

  std::array<uint8_t, 256> kind_{};  // of a byte; 0: it stands in no text
  size_t kinds_ = 1;
  std::vector<State> next_;  // by state and kind
  std::vector<Groups> groups_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_MASK_LITERALS_H_
