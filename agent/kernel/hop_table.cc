// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/hop_table.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "agent/kernel/decode.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

constexpr uint32_t kHopsAtATime = 1024;

void Take(const nestor_hop& raw, std::vector<HopRecord>& hops) {
  if (raw.body.id == 0) return;
  auto record = Decode(std::as_bytes(std::span(&raw, 1)));
  if (!record) return;  // half written
  if (auto* hop = std::get_if<HopRecord>(&*record)) hops.push_back(std::move(*hop));
}

}  // namespace

Result<std::vector<HopRecord>> ReadHopTable(int fd) {
  std::vector<HopRecord> hops;
  std::vector<HopId> keys(kHopsAtATime);
  std::vector<nestor_hop> values(kHopsAtATime);
  uint32_t at = 0;
  bool first = true, last = false;
  while (!last) {
    uint32_t count = kHopsAtATime;
    const int error = bpf_map_lookup_batch(fd, first ? nullptr : &at, &at, keys.data(),
                                           values.data(), &count, nullptr);
    last = error != 0;
    first = false;
    if (last && errno != ENOENT) return Error::FromErrno("read the hop table", errno);
    for (const nestor_hop& value : std::span(values).first(count)) Take(value, hops);
  }
  std::sort(hops.begin(), hops.end(), [](const HopRecord& a, const HopRecord& b) {
    return std::pair(a.time_ns, a.depth) < std::pair(b.time_ns, b.depth);
  });
  return hops;
}

void DeleteHops(int fd, const std::vector<HopId>& hops) {
  for (const HopId& hop : hops) bpf_map_delete_elem(fd, &hop);
}

}  // namespace nestor
