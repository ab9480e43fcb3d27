// SPDX-License-Identifier: Apache-2.0
#include "tools/oci_hook/ask.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/base/unique_fd.h"
#include "agent/hook/protocol.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;

milliseconds Left(Deadline end) {
  return std::max(milliseconds(0),
                  std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()));
}

// Error when nothing happens until the deadline.
Status Wait(int fd, short events, Deadline end, const char* what) {
  pollfd wait{fd, events, 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, static_cast<int>(Left(end).count()));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return Error::FromErrno(what, errno);
  if (ready == 0) return Error{ErrorCode::kDeadlineExceeded, std::string(what) + ": no time left"};
  return {};
}

// Until the other side's end.
Result<std::string> ReadAll(int fd, size_t limit, Deadline end, const char* what) {
  std::string all;
  std::array<char, 16384> part;
  while (true) {
    if (Status ready = Wait(fd, POLLIN, end, what); !ready) return ready.error();
    const ssize_t count = read(fd, part.data(), part.size());
    if (count == 0) return all;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return Error::FromErrno(what, errno);
    all.append(part.data(), static_cast<size_t>(count));
    if (all.size() > limit) {
      return Error::InvalidArgument(std::string(what) + ": more than " + std::to_string(limit) +
                                    " bytes");
    }
  }
}

Result<UniqueFd> Connect(const std::string& path, Deadline end) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error::InvalidArgument("--socket: the path is too long");
  }
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return Error::FromErrno("make a unix socket", errno);
  // EAGAIN: the backlog is full, and poll does not tell when it is no longer.
  while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EAGAIN && errno != EINTR) return Error::FromErrno("connect to " + path, errno);
    if (Left(end) == milliseconds(0)) {
      return Error{ErrorCode::kDeadlineExceeded, "connect to " + path + ": nestord is too busy"};
    }
    poll(nullptr, 0, 10);
  }
  return fd;
}

Status WriteAll(int fd, const std::string& text, Deadline end) {
  for (size_t done = 0; done < text.size();) {
    if (Status ready = Wait(fd, POLLOUT, end, "ask nestord"); !ready) return ready;
    const ssize_t count = send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return Error::FromErrno("ask nestord", errno);
    }
    if (count > 0) done += static_cast<size_t>(count);
  }
  if (shutdown(fd, SHUT_WR) != 0) return Error::FromErrno("ask nestord", errno);
  return {};
}

}  // namespace

Result<std::string> ReadState(int fd, Deadline end) {
  return ReadAll(fd, kMaxHookStateBytes, end, "read the container's state");
}

Status AskNestord(const std::string& socket, const std::string& state, Deadline end) {
  auto fd = Connect(socket, end);
  if (!fd) return fd.error();
  const auto patience = std::max<int64_t>(Left(end).count(), kMinHookPatienceMs);
  const std::string request = std::string(kHookAsks) + std::to_string(patience) + "\n" + state;
  if (Status sent = WriteAll(fd->get(), request, end); !sent) return sent;
  auto answer = ReadAll(fd->get(), kMaxHookAnswerBytes, end, "wait for nestord");
  if (!answer) return answer.error();
  if (answer->starts_with(kHookReady) || answer->starts_with(kHookNamed)) return {};
  if (answer->empty()) return Error{ErrorCode::kUnavailable, "nestord hung up"};
  return Error{ErrorCode::kUnknown, "nestord: " + answer->substr(0, answer->find('\n'))};
}

}  // namespace nestor
