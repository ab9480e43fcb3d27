// SPDX-License-Identifier: Apache-2.0
#include "agent/mask/literals.h"

#include <deque>
#include <utility>

namespace nestor {
namespace {

constexpr uint8_t kCaseBit = 'a' ^ 'A';

bool IsLower(uint8_t byte) { return byte >= 'a' && byte <= 'z'; }

}  // namespace

Literals::Literals(std::span<const Text> texts) {
  for (const Text& text : texts) {
    for (const char character : text.text) {
      const auto byte = static_cast<uint8_t>(character);
      if (kind_[byte] != 0) continue;
      kind_[byte] = static_cast<uint8_t>(kinds_++);
      if (IsLower(byte)) kind_[byte ^ kCaseBit] = kind_[byte];
    }
  }
  next_.assign(kinds_, 0);
  groups_.assign(1, 0);
  for (const Text& text : texts) Add(text);
  Link();
}

void Literals::Add(const Text& text) {
  State state = 0;
  for (const char character : text.text) {
    const uint8_t kind = kind_[static_cast<uint8_t>(character)];
    if (Next(state, kind) == 0) {
      const auto fresh = static_cast<State>(groups_.size());
      groups_.push_back(0);
      next_.resize(next_.size() + kinds_, 0);
      Next(state, kind) = fresh;
    }
    state = Next(state, kind);
  }
  groups_[state] |= text.groups;
}

// Each state takes over what the longest shorter state that its text ends with has; shorter ones
// come first.
void Literals::Link() {
  std::deque<std::pair<State, State>> left;  // a state, and the longest one that it ends with
  for (size_t kind = 1; kind < kinds_; ++kind) {
    if (const State state = Next(0, kind)) left.emplace_back(state, State{0});
  }
  while (!left.empty()) {
    const auto [state, shorter] = left.front();
    left.pop_front();
    groups_[state] |= groups_[shorter];
    for (size_t kind = 0; kind < kinds_; ++kind) {
      const State after = Next(state, kind);
      if (after == 0) {
        Next(state, kind) = Next(shorter, kind);
      } else {
        left.emplace_back(after, Next(shorter, kind));
      }
    }
  }
}

Literals::Groups Literals::In(std::string_view text) const {
  Groups found = 0;
  size_t state = 0;
  for (const char character : text) {
    state = next_[state * kinds_ + kind_[static_cast<uint8_t>(character)]];
    found |= groups_[state];
  }
  return found;
}

}  // namespace nestor
