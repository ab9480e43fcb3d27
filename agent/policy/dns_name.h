// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_POLICY_DNS_NAME_H_
#define NESTOR_AGENT_POLICY_DNS_NAME_H_

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/policy/pattern.h"

namespace nestor {

// The form in which names are compared: lower case (ASCII), without a final dot. bpf/dns.bpf.c
// keeps the names of answers so. Thread: any.
std::string PlainDnsName(std::string_view name);

// A pattern of plain names; `*` stands for any characters, also dots. Error kInvalidArgument: no
// name can match (RFC 1035, 2.3.4: labels of 1 to 63 bytes, 253 in all), or it is an address.
// Thread: any.
Result<Pattern> ParseDnsName(std::string_view text);

}  // namespace nestor

#endif  // NESTOR_AGENT_POLICY_DNS_NAME_H_
