// SPDX-License-Identifier: Apache-2.0
// The words that events have for what records say in numbers. Thread: any.
#ifndef NESTOR_AGENT_CHAIN_WORDS_H_
#define NESTOR_AGENT_CHAIN_WORDS_H_

#include <cstdint>
#include <string_view>

#include "agent/event/record.h"

namespace nestor {

// What is done to a file, by enum nestor_access of bpf/abi.h: "read", "write", "read write"; "link"
// for another name, which comes with all that one may do by it.
std::string_view AccessWord(uint32_t access);

// "stream", "dgram", "seqpacket"; "" for others. `type`: socket(2), SOCK_...
std::string_view SocketTypeName(uint16_t type);

// "inet", "inet6", "unix"; "" for none.
std::string_view FamilyName(AddressFamily family);

// "guard-map", "guard-process", ...; and "option-forged", "option-stale", ...: what a tamper event
// is about.
std::string_view WordOf(Guarded target);
std::string_view WordOf(TamperReason reason);

}  // namespace nestor

#endif  // NESTOR_AGENT_CHAIN_WORDS_H_
