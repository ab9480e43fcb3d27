// SPDX-License-Identifier: Apache-2.0
// million [LIVE [STARTED]]: what nestord's own memory is while LIVE processes of a container stay
// and others come and go until STARTED were started, a thousand in a second: records as the kernel
// writes them, through all stages. On the machine itself, without a kernel side.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/bench/stages.h"

namespace nestor::bench {
namespace {

constexpr uint64_t kBetween = 1'000'000;  // 300,000 would be in the grace of ended processes

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0, resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void Take(Stages& stages, const Bytes& record) {
  for (Event& event : stages.Chain(Need(Decode(record)))) {
    stages.log.Append(stages.Mask(std::move(event)));
  }
}

void Tell(const Stages& stages, size_t started, double before) {
  std::printf("%9zu %9zu %9llu %9.1f\n", started, stages.graph.live_processes(),
              static_cast<unsigned long long>(stages.graph.evicted()),
              ResidentMegabytes() - before);
}

void Run(size_t live, size_t all) {
  const double before = ResidentMegabytes();
  Stages stages;
  std::printf("  started      live   evicted        MB\n");
  for (size_t life = 0; life < all; ++life) {
    Take(stages, ExecRecordBytes(life, kBetween));
    if (life >= live) Take(stages, ExitRecordBytes(life, kBetween));
    if ((life + 1) % (all / 10) == 0) Tell(stages, life + 1, before);
  }
}

}  // namespace
}  // namespace nestor::bench

int main(int argc, char** argv) {
  const size_t live = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const size_t all = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1'000'000;
  // As nestord sets it: agent/nestord/main.cc.
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  nestor::bench::Run(live, all);
  return 0;
}
