// SPDX-License-Identifier: Apache-2.0
// Arguments that are another thing when the kernel copies them than when somebody looked before.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>

#include "tests/evasions/tricks/tricks.h"

namespace nestor::evasions {
namespace {

constexpr int kLongestHold = 2000;  // rounds for which a word stays
char word[sizeof(kForbidden)];

// vfork: the child shares this memory, and the thread that flips goes on.
bool RunOnce(char* const* argv) {
  const pid_t child = vfork();
  if (child == 0) {
    execv(argv[0], argv);
    _exit(127);
  }
  return child > 0 && waitpid(child, nullptr, 0) == child;
}

// Answers the kernel's fault with a page that begins with the forbidden word.
void AnswerFault(int faults) {
  alignas(kPage) static char page[kPage];
  std::memcpy(page, kForbidden, sizeof(kForbidden));
  uffd_msg message{};
  if (read(faults, &message, sizeof(message)) != sizeof(message)) return;
  uffdio_copy copy{};
  copy.dst = message.arg.pagefault.address & ~(kPage - 1);
  copy.src = reinterpret_cast<uintptr_t>(page);
  copy.len = kPage;
  if (ioctl(faults, UFFDIO_COPY, &copy) != 0) Fail("trick: answer a fault");
}

}  // namespace

int Flip(std::span<char* const> arguments) {
  int count = 0;
  const std::string_view digits = arguments[2];
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  std::atomic<bool> over = false;
  std::memcpy(word, kHarmless, sizeof(word));
  std::thread flipper([&over] {
    for (int turn = 0; !over; turn = (turn + 1) % kLongestHold) {
      for (const char* each : {kForbidden, kHarmless}) {
        std::memcpy(word, each, sizeof(word));
        for (int i = 0; i < turn; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
      }
    }
  });
  char* const argv[] = {arguments[0], arguments[1], word, nullptr};
  bool fine = true;
  for (int i = 0; i < count; ++i) fine = RunOnce(argv) && fine;
  over = true;
  flipper.join();
  return fine ? 0 : Fail("trick: flip");
}

int Lazy(std::span<char* const> arguments) {
  const int file = open("lazy", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, kPage) != 0) return Fail("trick: a file");
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) return Fail("trick: map");
  // The array, and behind it the text.
  auto* argv = static_cast<char**>(page);
  char* text = static_cast<char*>(page) + kPage / 2;
  std::memcpy(text, kForbidden, sizeof(kForbidden));
  argv[0] = arguments[0];
  argv[1] = arguments[1];
  argv[2] = text;
  argv[3] = nullptr;
  // The same again, but not faulted in.
  if (mmap(page, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != page)
    return Fail("trick: map again");
  execv(arguments[0], argv);
  return Fail("trick: exec");
}

int Stall(std::span<char* const> arguments) {
  const int faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  if (faults < 0) return Fail("trick: userfaultfd");
  uffdio_api api{};
  api.api = UFFD_API;
  if (ioctl(faults, UFFDIO_API, &api) != 0) return Fail("trick: userfaultfd's API");
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return Fail("trick: map");
  uffdio_register range{};
  range.range = {.start = reinterpret_cast<uintptr_t>(page), .len = kPage};
  range.mode = UFFDIO_REGISTER_MODE_MISSING;
  if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) return Fail("trick: register");
  std::thread(AnswerFault, faults).detach();
  char* const argv[] = {arguments[0], arguments[1], static_cast<char*>(page), nullptr};
  execv(arguments[0], argv);
  return Fail("trick: exec");
}

}  // namespace nestor::evasions
