// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/hook_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/api/socket_path.h"
#include "agent/base/unique_fd.h"
#include "agent/hook/protocol.h"

namespace nestor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
constexpr size_t kLongestHeader = 32;

struct Request {
  milliseconds patience{0};
  std::string state;
};

HookAnswer Failed(std::string reason) { return {HookOutcome::kFailed, std::move(reason)}; }

int LeftMs(Clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

bool MayAsk(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

// All that the peer says until it closes its side.
Result<std::string> ReadAll(int fd, size_t limit, milliseconds speak_time) {
  const auto end = Clock::now() + speak_time;
  std::string all;
  std::array<char, 16384> part;
  while (true) {
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, LeftMs(end));
    if (ready == 0)
      return Error{ErrorCode::kDeadlineExceeded,
                   "the question did not end in " + std::to_string(speak_time.count()) + " ms"};
    if (ready < 0 && errno != EINTR) return Error::FromErrno("wait for the question", errno);
    if (ready < 0) continue;
    const ssize_t count = recv(fd, part.data(), part.size(), MSG_DONTWAIT);
    if (count == 0) return all;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return Error::FromErrno("read the question", errno);
    all.append(part.data(), static_cast<size_t>(count));
    if (all.size() > limit) return Error::InvalidArgument("the question is too long");
  }
}

Result<Request> ReadRequest(int fd, milliseconds speak_time) {
  auto text = ReadAll(fd, kMaxHookStateBytes + kLongestHeader, speak_time);
  if (!text) return text.error();
  const Error wrong = Error::InvalidArgument("the question is none of nestor's hook");
  const size_t line = text->find('\n');
  if (!text->starts_with(kHookAsks) || line > kLongestHeader) return wrong;
  uint32_t patience = 0;
  const char* const number_end = text->data() + line;
  const auto [stopped, fault] =
      std::from_chars(text->data() + kHookAsks.size(), number_end, patience);
  if (fault != std::errc() || stopped != number_end) return wrong;
  if (patience < kMinHookPatienceMs || patience > kMaxHookPatienceMs) return wrong;
  return Request{milliseconds(patience), text->substr(line + 1)};
}

// One line of bounded length, whatever the reason quotes.
std::string LineOf(const HookAnswer& answer) {
  std::string line(answer.outcome == HookOutcome::kReady   ? kHookReady
                   : answer.outcome == HookOutcome::kNamed ? kHookNamed
                                                           : kHookFailed);
  if (!answer.reason.empty()) line += " " + answer.reason.substr(0, kMaxHookAnswerBytes / 2);
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < ' ') byte = ' ';
  }
  return line + "\n";
}

// A short line fits into an empty send buffer; a peer that is gone has given up, and knows it.
void Send(int fd, const std::string& line) {
  send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

Result<UniqueFd> Listen(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return Error::FromErrno("make a unix socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error::InvalidArgument("the path " + path + " is too long for a socket");
  }
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return Error::FromErrno("listen for hooks", errno);
  }
  return fd;
}

}  // namespace

struct HookServer::State {
  State(milliseconds speak_time_in, SocketPath path_in, UniqueFd listener_in,
        PrepareContainer prepare_in)
      : speak_time(speak_time_in),
        path(std::move(path_in)),
        listener(std::move(listener_in)),
        prepare(std::move(prepare_in)) {}

  HookAnswer Answer(int fd) const {
    if (!MayAsk(fd)) return Failed("only root may ask");
    auto request = ReadRequest(fd, speak_time);
    if (!request) return Failed(request.error().message);
    return prepare(request->state, request->patience);
  }

  // The stop's eventfd is never read: it wakes every thread.
  void Serve() const {
    while (true) {
      std::array<pollfd, 2> wait = {pollfd{listener.get(), POLLIN, 0},
                                    pollfd{stop.get(), POLLIN, 0}};
      if (poll(wait.data(), wait.size(), -1) < 0) continue;  // EINTR
      if (wait[1].revents) return;
      const UniqueFd peer(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (peer.ok()) {
        Send(peer.get(), LineOf(Answer(peer.get())));
      } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        std::this_thread::sleep_for(milliseconds(50));  // no descriptors, no memory: not in a spin
      }
    }
  }

  const milliseconds speak_time;
  SocketPath path;
  const UniqueFd listener;
  const UniqueFd stop{eventfd(0, EFD_CLOEXEC)};
  const PrepareContainer prepare;
  std::vector<std::jthread> threads;
};

HookServer::HookServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HookServer>> HookServer::Start(const HookServerOptions& options,
                                                      PrepareContainer prepare) {
  auto place = SocketPath::Claim(options.socket);
  if (!place) return place.error().In("serve hooks");
  auto listener = Listen(place->private_path());
  if (!listener) return listener.error().In("serve hooks");
  if (Status published = place->Publish(0600); !published) {
    return published.error().In("serve hooks");
  }
  auto state = std::make_unique<State>(options.speak_time, std::move(*place), std::move(*listener),
                                       std::move(prepare));
  if (!state->stop.ok()) return Error::FromErrno("make an eventfd", errno).In("serve hooks");
  for (size_t i = 0; i < options.questions; ++i) {
    state->threads.emplace_back([served = state.get()] { served->Serve(); });
  }
  return std::unique_ptr<HookServer>(new HookServer(std::move(state)));
}

HookServer::~HookServer() {
  state_->path.Remove();
  eventfd_write(state_->stop.get(), 1);
  state_->threads.clear();  // joins
}

}  // namespace nestor
