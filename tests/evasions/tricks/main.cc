// SPDX-License-Identifier: Apache-2.0
// trick NAME ARGUMENT...: what a shell and Python cannot do. tricks.h has the names.
#include <cstdio>
#include <string_view>

#include "tests/evasions/tricks/tricks.h"

namespace nestor::evasions {
namespace {

constexpr int kUsage = 2;

struct Trick {
  std::string_view name;
  int (*play)(std::span<char* const>);
  size_t arguments;
};

constexpr Trick kTricks[] = {{"flip", Flip, 3},
                             {"lazy", Lazy, 2},
                             {"stall", Stall, 2},
                             {"int80", Int80, 2},
                             {"x32", X32, 2},
                             {"protect", Protect, 2},
                             {"uring-open", UringOpen, 2},
                             {"uring-connect", UringConnect, 3}};

int Main(std::span<char* const> arguments) {
  for (const Trick& trick : kTricks) {
    if (arguments.size() == trick.arguments + 2 && trick.name == arguments[1]) {
      return trick.play(arguments.subspan(2));
    }
  }
  std::fputs("trick: wrong usage: see tricks.h\n", stderr);
  return kUsage;
}

}  // namespace

int Fail(const char* what) {
  std::perror(what);
  return 1;
}

}  // namespace nestor::evasions

int main(int argc, char** argv) {
  return nestor::evasions::Main({argv, static_cast<size_t>(argc)});
}
