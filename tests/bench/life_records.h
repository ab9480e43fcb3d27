// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_BENCH_LIFE_RECORDS_H_
#define NESTOR_TESTS_BENCH_LIFE_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nestor::bench {

// The bytes that the kernel side writes about a container in which a shell starts one program after
// another. Each life has its own pid, times and third argument; the rest repeats, as it does in
// practice.
using Bytes = std::vector<std::byte>;

// The hop that the container's first process opened, and that process's exec. It is the parent of
// all lives.
Bytes HopRecordBytes();
Bytes EntrypointRecordBytes();

constexpr uint64_t kBetweenNs = 100'000'000;  // from one life to the next: 3,000 in the grace

// The exec and the exit of life number `life`, which come one after the other.
Bytes ExecRecordBytes(size_t life, uint64_t between_ns = kBetweenNs);
Bytes ExitRecordBytes(size_t life, uint64_t between_ns = kBetweenNs);

}  // namespace nestor::bench

#endif  // NESTOR_TESTS_BENCH_LIFE_RECORDS_H_
