// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_BASE_UNIQUE_FD_H_
#define NESTOR_AGENT_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace nestor {

// Owns one file descriptor; -1 owns nothing.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { Reset(-1); }

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_BASE_UNIQUE_FD_H_
