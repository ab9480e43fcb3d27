// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_SIPHASH_H_
#define NESTOR_AGENT_API_SIPHASH_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace nestor {

using SipKey = std::array<uint64_t, 2>;

// SipHash-2-4 (Aumasson and Bernstein, 2012). Who does not know the key cannot find two texts of
// one hash; what pods say is hashed with a random key, so that no pod can make a change look like
// none. Thread: any.
uint64_t SipHash(const SipKey& key, std::string_view text);

// From the kernel's random pool; aborts when it has none.
SipKey RandomSipKey();

}  // namespace nestor

#endif  // NESTOR_AGENT_API_SIPHASH_H_
