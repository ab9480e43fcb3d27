// SPDX-License-Identifier: Apache-2.0
#include <cstring>

int main(int argc, char** argv) {
  constexpr int kRanForbidden = 5;
  return argc > 1 && std::strcmp(argv[1], "forbidden") == 0 ? kRanForbidden : 0;
}
