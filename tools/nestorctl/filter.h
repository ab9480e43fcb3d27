// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_FILTER_H_
#define NESTOR_TOOLS_NESTORCTL_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// The words of --type.
const std::vector<std::string_view>& EventTypes();

// What the flags --type, --chain, --pod, --namespace, --container and --since said.
struct FilterFlags {
  std::vector<std::string> types;
  std::vector<std::string> chains;
  std::vector<std::string> pods;
  std::vector<std::string> namespaces;
  std::vector<std::string> containers;
  std::string since;  // empty: not given
};

// kInvalidArgument, with the nearest right spelling, for a value that can never match.
Result<v1::EventFilter> ToProto(const FilterFlags& flags, WallTime now);

// `text` as the id of a chain or a prefix of one: 4 to 16 hex digits, in lower case.
Result<std::string> ParseChainId(std::string_view text);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_FILTER_H_
