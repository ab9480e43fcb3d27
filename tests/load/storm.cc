// SPDX-License-Identifier: Apache-2.0
// storm NAME COUNT WORKERS: starts `storm child NAME NUMBER` for each NUMBER below COUNT, as fast
// as WORKERS processes can, each starting one after the other. Ends with 0 when all of them ran.
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

constexpr int kUsage = 2;

// vfork: only the exec costs. The child calls nothing that could touch the parent's memory.
bool RunChild(const char* name, const char* number) {
  const pid_t child = vfork();
  if (child == 0) {
    execl("/proc/self/exe", "storm", "child", name, number, nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

// Every WORKERS-th number, from `first` on.
bool Work(const char* name, int first, int count, int workers) {
  for (int number = first; number < count; number += workers) {
    if (!RunChild(name, std::to_string(number).c_str())) {
      std::perror("storm: child");
      return false;
    }
  }
  return true;
}

bool Storm(const char* name, int count, int workers) {
  for (int worker = 0; worker < workers; ++worker) {
    const pid_t pid = fork();
    if (pid < 0) {
      std::perror("storm: fork");
      return false;
    }
    if (pid == 0) _exit(Work(name, worker, count, workers) ? 0 : 1);
  }
  bool fine = true;
  for (int worker = 0; worker < workers; ++worker) {
    int status = 0;
    fine = wait(&status) > 0 && status == 0 && fine;
  }
  return fine;
}

bool ReadNumber(std::string_view text, int& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size() && number > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "child") return 0;
  int count = 0, workers = 0;
  if (argc != 4 || !ReadNumber(argv[2], count) || !ReadNumber(argv[3], workers)) {
    std::fputs("storm: wrong usage: storm NAME COUNT WORKERS\n", stderr);
    return kUsage;
  }
  return Storm(argv[1], count, workers) ? 0 : 1;
}
