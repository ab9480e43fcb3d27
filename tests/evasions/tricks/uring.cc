// SPDX-License-Identifier: Apache-2.0
// Work that is handed to the kernel by a ring, without a system call of its own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "tests/evasions/tricks/tricks.h"

namespace nestor::evasions {
namespace {

constexpr unsigned kEntries = 8, kIdleMs = 2000;

void* Map(int ring, size_t bytes, off_t offset) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
}

uint32_t& At(void* base, uint32_t offset) {
  return *reinterpret_cast<uint32_t*>(static_cast<char*>(base) + offset);
}

// One ring for one request.
class Ring {
 public:
  explicit Ring(std::string_view way) : async_(way == "async"), polled_(way == "sqpoll") {
    if (polled_) {
      parameters_.flags = IORING_SETUP_SQPOLL;
      parameters_.sq_thread_idle = kIdleMs;
    }
    ring_ = static_cast<int>(syscall(SYS_io_uring_setup, kEntries, &parameters_));
    if (ring_ < 0) return;
    submissions_ =
        Map(ring_, parameters_.sq_off.array + kEntries * sizeof(uint32_t), IORING_OFF_SQ_RING);
    completions_ =
        Map(ring_, parameters_.cq_off.cqes + parameters_.cq_entries * sizeof(io_uring_cqe),
            IORING_OFF_CQ_RING);
    entries_ = Map(ring_, kEntries * sizeof(io_uring_sqe), IORING_OFF_SQES);
  }

  // The result as a system call's would be: a number, or -1 and errno.
  int Do(io_uring_sqe request) {
    if (ring_ < 0 || submissions_ == MAP_FAILED || completions_ == MAP_FAILED ||
        entries_ == MAP_FAILED)
      return -1;
    if (async_) request.flags |= IOSQE_ASYNC;
    *static_cast<io_uring_sqe*>(entries_) = request;
    At(submissions_, parameters_.sq_off.array) = 0;
    std::atomic_ref(At(submissions_, parameters_.sq_off.tail)).store(1, std::memory_order_release);
    const unsigned flags = IORING_ENTER_GETEVENTS | (polled_ ? IORING_ENTER_SQ_WAKEUP : 0);
    if (syscall(SYS_io_uring_enter, ring_, 1, 1, flags, nullptr, 0) < 0) return -1;
    while (std::atomic_ref(At(completions_, parameters_.cq_off.tail))
               .load(std::memory_order_acquire) == 0)
      usleep(kIdleMs);
    const auto* completion = reinterpret_cast<const io_uring_cqe*>(
        static_cast<char*>(completions_) + parameters_.cq_off.cqes);
    if (completion->res >= 0) return completion->res;
    errno = -completion->res;
    return -1;
  }

 private:
  bool async_, polled_;
  int ring_ = -1;
  io_uring_params parameters_{};
  void* submissions_ = nullptr;
  void* completions_ = nullptr;
  void* entries_ = nullptr;
};

}  // namespace

int UringOpen(std::span<char* const> arguments) {
  Ring ring(arguments[0]);
  io_uring_sqe request{};
  request.opcode = IORING_OP_OPENAT;
  request.fd = AT_FDCWD;
  request.addr = reinterpret_cast<uintptr_t>(arguments[1]);
  request.open_flags = O_RDONLY;
  const int file = ring.Do(request);
  if (file < 0) return Fail("trick: open by io_uring");
  char text[256];
  const ssize_t bytes = read(file, text, sizeof(text));
  if (bytes < 0 || write(STDOUT_FILENO, text, static_cast<size_t>(bytes)) != bytes)
    return Fail("trick: show it");
  return 0;
}

int UringConnect(std::span<char* const> arguments) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string_view digits = arguments[1];
  uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  address.sin_port = htons(port);
  Ring ring(arguments[0]);
  io_uring_sqe request{};
  request.opcode = IORING_OP_CONNECT;
  request.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  request.addr = reinterpret_cast<uintptr_t>(&address);
  request.off = sizeof(address);
  if (ring.Do(request) < 0) return Fail("trick: connect by io_uring");
  std::printf("ran %s\n", arguments[2]);
  return 0;
}

}  // namespace nestor::evasions
