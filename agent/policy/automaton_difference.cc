// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/automaton_difference.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nestor {
namespace {

// All bytes, those first that people like to read.
std::array<uint8_t, 256> BytesByTaste() {
  std::array<uint8_t, 256> bytes{};
  std::array<bool, 256> taken{};
  size_t count = 0;
  const auto take = [&](uint8_t byte) {
    if (taken[byte]) return;
    taken[byte] = true;
    bytes[count++] = byte;
  };
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789/-._ "))
    take(static_cast<uint8_t>(c));
  for (unsigned byte = '!'; byte <= '~'; ++byte) take(static_cast<uint8_t>(byte));
  for (unsigned byte = 0; byte < 256; ++byte) take(static_cast<uint8_t>(byte));
  return bytes;
}

struct Step {
  uint32_t before;  // index of the pair that it came from
  uint32_t pair;
  uint8_t byte;
};

std::string TextTo(const std::vector<Step>& steps, size_t at) {
  std::string text;
  for (; at != 0; at = steps[at].before) text += static_cast<char>(steps[at].byte);
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

std::optional<std::string> FindDifference(const Dfa& wide, const Dfa& narrow) {
  static const std::array<uint8_t, 256> kBytes = BytesByTaste();
  if (wide.states() < 2) return std::nullopt;
  const bool has_narrow = narrow.states() >= 2;
  const auto pair_of = [](uint32_t a, uint32_t b) { return a << 16 | b; };
  std::vector<Step> steps = {{0, pair_of(1, has_narrow ? 1 : 0), 0}};
  std::unordered_map<uint32_t, bool> seen = {{steps[0].pair, true}};
  for (size_t at = 0; at < steps.size(); ++at) {  // breadth first: the first found is a shortest
    const uint32_t a = steps[at].pair >> 16, b = steps[at].pair & 0xffff;
    if (wide.Accepts(a).any() && (!has_narrow || narrow.Accepts(b).none()))
      return TextTo(steps, at);
    for (const uint8_t byte : kBytes) {
      const uint32_t next = wide.Next(a, byte);
      if (next == 0) continue;  // the dead state: nothing of `wide` from here on
      const uint32_t pair = pair_of(next, has_narrow ? narrow.Next(b, byte) : 0);
      if (seen.try_emplace(pair, true).second)
        steps.push_back({static_cast<uint32_t>(at), pair, byte});
    }
  }
  return std::nullopt;
}

}  // namespace nestor
