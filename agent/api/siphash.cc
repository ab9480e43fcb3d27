// SPDX-License-Identifier: Apache-2.0
#include "agent/api/siphash.h"

#include <sys/random.h>

#include <bit>
#include <cstdlib>
#include <cstring>

namespace nestor {
namespace {

static_assert(std::endian::native == std::endian::little);  // words are read as they lie in memory

class SipState {
 public:
  explicit SipState(const SipKey& key)
      : v0_(key[0] ^ 0x736f6d6570736575),
        v1_(key[1] ^ 0x646f72616e646f6d),
        v2_(key[0] ^ 0x6c7967656e657261),
        v3_(key[1] ^ 0x7465646279746573) {}

  void Absorb(uint64_t word) {
    v3_ ^= word;
    Rounds(2);
    v0_ ^= word;
  }

  uint64_t Finish() {
    v2_ ^= 0xff;
    Rounds(4);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void Rounds(int count) {
    for (; count > 0; --count) {
      v0_ += v1_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v0_ = std::rotl(v0_, 32);
      v2_ += v3_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ += v3_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v2_ += v1_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v2_ = std::rotl(v2_, 32);
    }
  }

  uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

uint64_t SipHash(const SipKey& key, std::string_view text) {
  SipState state(key);
  uint64_t last = static_cast<uint64_t>(text.size()) << 56;
  uint64_t word = 0;
  for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
    std::memcpy(&word, text.data(), sizeof(word));
    state.Absorb(word);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  state.Absorb(last | rest);
  return state.Finish();
}

SipKey RandomSipKey() {
  SipKey key;
  if (getrandom(key.data(), sizeof(key), 0) != static_cast<ssize_t>(sizeof(key))) std::abort();
  return key;
}

}  // namespace nestor
