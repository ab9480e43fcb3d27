// SPDX-License-Identifier: Apache-2.0
// canary TAG ARGUMENT...: the harmless program that must not run. Says `ran TAG`, with the last
// argument where there are more, on its stdout and in /marks/marks, so that a run shows whichever
// of the two it can reach.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

constexpr size_t kShown = 64;

bool Append(int file, const std::string& line) {
  return file >= 0 && write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::string line = std::string("ran ") + (argc > 1 ? argv[1] : "untagged");
  if (argc > 2) line += " " + std::string(argv[argc - 1]).substr(0, kShown);
  line += "\n";
  const int marks = open("/marks/marks", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  const bool marked = Append(marks, line), said = Append(STDOUT_FILENO, line);
  return marked || said ? EXIT_SUCCESS : EXIT_FAILURE;
}
