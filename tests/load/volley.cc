// SPDX-License-Identifier: Apache-2.0
// What a pod does while rules must hold. Each prints one line with what it counted, and ends with
// 0.
//   volley hammer FORBIDDEN ALLOWED STOP   starts both in turns, until the file STOP is there
//   volley act COUNT FORBIDDEN DIRECTORY   COUNT times `FORBIDDEN NUMBER` and an open of
//   DIRECTORY/NUMBER volley noise THREADS PROGRAM STOP      opens in THREADS threads, and starts of
//   PROGRAM, until the file STOP is there
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kUsage = 2, kDenied = 126, kFailed = 127;
constexpr char kQuiet[] = "/etc/passwd";

// 0: it ran. kDenied: refused, or ended by SIGKILL. vfork: only the exec costs.
int Start(const char* program, const char* argument) {
  const pid_t child = vfork();
  if (child == 0) {
    execl(program, program, argument, nullptr);
    _exit(errno == EPERM ? kDenied : kFailed);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return kFailed;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? kDenied : kFailed;
  const int code = WEXITSTATUS(status);
  return code == kDenied || code == kFailed ? code : 0;
}

bool IsThere(const char* file) { return access(file, F_OK) == 0; }

int Hammer(char** argv) {
  long tried = 0, ran = 0, allowed = 0, refused = 0;
  while (!IsThere(argv[2])) {
    const int forbidden = Start(argv[0], "forbidden");
    ++tried;
    ran += forbidden != kDenied;
    ++allowed;
    refused += Start(argv[1], "allowed") != 0;
  }
  std::printf("forbidden %ld ran %ld allowed %ld refused %ld\n", tried, ran, allowed, refused);
  return 0;
}

int Act(char** argv) {
  int count = 0, exec_denials = 0, open_denials = 0;
  const std::string_view digits = argv[0];
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  for (int i = 0; i < count; ++i) {
    exec_denials += Start(argv[1], std::to_string(i).c_str()) == kDenied;
    const int file =
        open((std::string(argv[2]) + "/" + std::to_string(i)).c_str(), O_RDONLY | O_CLOEXEC);
    open_denials += file < 0 && errno == EPERM;
    if (file >= 0) close(file);
  }
  std::printf("execs %d opens %d\n", exec_denials, open_denials);
  return 0;
}

int Noise(char** argv) {
  int count = 0;
  const std::string_view digits = argv[0];
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  std::atomic<bool> over = false;
  std::atomic<long> opens = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      for (; !over; ++opens) close(open(kQuiet, O_RDONLY | O_CLOEXEC));
    });
  }
  long execs = 0;
  for (; !IsThere(argv[2]); ++execs) Start(argv[1], "noise");
  over = true;
  for (std::thread& thread : threads) thread.join();
  std::printf("opens %ld execs %ld\n", opens.load(), execs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc == 5 ? argv[1] : "";
  if (name == "hammer") return Hammer(argv + 2);
  if (name == "act") return Act(argv + 2);
  if (name == "noise") return Noise(argv + 2);
  std::fputs(
      "volley: wrong usage: hammer FORBIDDEN ALLOWED STOP, act COUNT FORBIDDEN DIRECTORY, noise "
      "THREADS PROGRAM STOP\n",
      stderr);
  return kUsage;
}
