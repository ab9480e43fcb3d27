// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace nestor::ctl {

Status Output::Flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      return Error{ErrorCode::kCancelled, "the reader of the output has gone away"};
    } else if (errno == EAGAIN) {  // someone else left the descriptor non-blocking
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return Error::FromErrno("write the output", errno);
    }
  }
  pending_.clear();
  return {};
}

Status Output::Add(std::string_view text) {
  constexpr size_t kMuch = 64 << 10;
  pending_ += text;
  return pending_.size() >= kMuch ? Flush() : Status();
}

Status Output::Write(std::string_view text) {
  pending_ += text;
  return Flush();
}

}  // namespace nestor::ctl
