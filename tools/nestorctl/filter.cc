// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/filter.h"

#include <algorithm>

#include "agent/base/nearest.h"

namespace nestor::ctl {
namespace {

Status CheckType(const std::string& type) {
  const auto& known = EventTypes();
  if (std::find(known.begin(), known.end(), type) != known.end()) return {};
  return Error::InvalidArgument("--type: unknown type `" + type + "`" + Suggest(type, known));
}

}  // namespace

const std::vector<std::string_view>& EventTypes() {
  static const auto& types = *new std::vector<std::string_view>{
      "hop",  "exec",    "exit", "connect", "accept",    "bind", "listen",
      "file", "verdict", "loss", "tamper",  "heartbeat", "gap",  "workload"};
  return types;
}

Result<std::string> ParseChainId(std::string_view text) {
  constexpr size_t kShortest = 4, kLongest = 16;
  std::string id(text);
  for (char& digit : id) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  const bool hex = id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (hex && id.size() >= kShortest && id.size() <= kLongest) return id;
  return Error::InvalidArgument("`" + std::string(text) +
                                "` is no chain id; write 4 to 16 hex digits, as "
                                "`nestorctl chains` shows them");
}

Result<v1::EventFilter> ToProto(const FilterFlags& flags, WallTime now) {
  v1::EventFilter filter;
  for (const std::string& type : flags.types) {
    if (auto status = CheckType(type); !status) return status.error();
    filter.add_types(type);
  }
  for (const std::string& chain : flags.chains) {
    auto id = ParseChainId(chain);
    if (!id) return id.error().In("--chain");
    filter.add_chain_ids(*std::move(id));
  }
  for (const std::string& pod : flags.pods) filter.add_pods(pod);
  for (const std::string& name : flags.namespaces) filter.add_namespaces(name);
  for (const std::string& container : flags.containers) filter.add_containers(container);
  if (!flags.since.empty()) {
    const auto since = ParseSince(flags.since, now);
    if (!since) return since.error().In("--since");
    *filter.mutable_since() = ToTimestamp(*since);
  }
  return filter;
}

}  // namespace nestor::ctl
