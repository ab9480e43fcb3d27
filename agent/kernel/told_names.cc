// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/told_names.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bpf/abi.h"

namespace nestor {
namespace {

constexpr uint32_t kEntriesAtATime = 1024;

template <typename Key, typename Value>
Result<std::vector<std::pair<Key, Value>>> ReadAll(int map, const char* what) {
  std::vector<std::pair<Key, Value>> all;
  std::vector<Key> keys(kEntriesAtATime);
  std::vector<Value> values(kEntriesAtATime);
  uint32_t at = 0;
  for (bool first = true, last = false; !last; first = false) {
    uint32_t count = kEntriesAtATime;
    last = bpf_map_lookup_batch(map, first ? nullptr : &at, &at, keys.data(), values.data(), &count,
                                nullptr) != 0;
    if (last && errno != ENOENT) return Error::FromErrno(what, errno);
    for (uint32_t i = 0; i < count; ++i) all.emplace_back(keys[i], values[i]);
  }
  return all;
}

}  // namespace

Status SweepToldNames(int told_addresses, int dns_names, int told_counts, uint64_t now_ns) {
  const auto told =
      ReadAll<nestor_told_key, nestor_told>(told_addresses, "read the addresses told by names");
  if (!told) return told.error();
  std::unordered_map<uint64_t, nestor_told_count> counts;
  for (const auto& [key, value] : *told) {
    if (value.until_ns < now_ns)
      bpf_map_delete_elem(told_addresses, &key);
    else
      ++counts[key.netns].addresses;
  }
  const auto names =
      ReadAll<nestor_name_key, nestor_name>(dns_names, "read the names of addresses");
  if (!names) return names.error();
  for (const auto& [key, name] : *names) {
    if (name.until_ns < now_ns)
      bpf_map_delete_elem(dns_names, &key);
    else
      ++counts[key.netns].names;
  }
  const auto before = ReadAll<uint64_t, nestor_told_count>(told_counts, "read the counts of names");
  if (!before) return before.error();
  for (const auto& [netns, count] : *before) {
    const auto now = counts.find(netns);
    if (now == counts.end())
      bpf_map_delete_elem(told_counts, &netns);
    else if (now->second.addresses != count.addresses || now->second.names != count.names)
      bpf_map_update_elem(told_counts, &netns, &now->second, BPF_EXIST);
  }
  return {};
}

}  // namespace nestor
