// SPDX-License-Identifier: Apache-2.0
// file_loop FILE [ROUNDS]: opens, reads and closes the file, ROUNDS times. Prints microseconds a
// round.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

double NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

bool ReadOnce(const char* path) {
  char bytes[512];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const bool good = file >= 0 && read(file, bytes, sizeof(bytes)) > 0;
  return good && close(file) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 20000;
  constexpr int kWarmUp = 500;
  for (int i = 0; i < kWarmUp; ++i) {
    if (!ReadOnce(argv[1])) return 1;
  }
  const double begin = NowMicroseconds();
  for (int i = 0; i < rounds; ++i) {
    if (!ReadOnce(argv[1])) return 1;
  }
  std::printf("%.3f\n", (NowMicroseconds() - begin) / rounds);
  return 0;
}
