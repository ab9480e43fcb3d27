// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/exec.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/base/unique_fd.h"
#include "tests/vm/pod/spdy.h"

namespace nestor::pod {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kMaxUnsentBytes = 1 << 20;  // beyond it our stdin waits
constexpr size_t kMaxHeadBytes = 64 << 10;   // of the HTTP answer

// Client streams have odd ids, in the order they are opened; 0: not opened.
struct Streams {
  uint32_t error = 0;
  uint32_t in = 0;
  uint32_t out = 0;
  uint32_t err = 0;
  uint32_t resize = 0;
};

struct Url {
  std::string host;
  std::string port;
  std::string path;
};

Result<Url> ParseUrl(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  const size_t path = text.find('/', kScheme.size());
  const size_t colon = text.rfind(':', path);
  if (!text.starts_with(kScheme) || path == std::string::npos || colon < kScheme.size()) {
    return Error::InvalidArgument(
        "the runtime gave a streaming URL that is not http://HOST:PORT/…: " + text);
  }
  std::string host = text.substr(kScheme.size(), colon - kScheme.size());
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Url{host, text.substr(colon + 1, path - colon - 1), text.substr(path)};
}

Result<UniqueFd> Connect(const Url& url) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found); code != 0) {
    return Error::InvalidArgument("streaming address " + url.host + ": " + gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, freeaddrinfo);
  UniqueFd socket_fd(socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_fd.ok()) return Error::FromErrno("make a socket", errno);
  if (connect(socket_fd.get(), address->ai_addr, address->ai_addrlen) != 0) {
    return Error::FromErrno("connect to the runtime's streaming server", errno);
  }
  return socket_fd;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error::FromErrno("write output of the command", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Asks for SPDY on a fresh connection. Gives the bytes that came after the answer's head.
Result<std::string> Upgrade(int fd, const Url& url) {
  const std::string request = "POST " + url.path + " HTTP/1.1\r\nHost: " + url.host + ":" +
                              url.port +
                              "\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                              "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
                              "Content-Length: 0\r\n\r\n";
  if (Status status = WriteAll(fd, request); !status) return status.error();
  std::string answer;
  std::array<char, 4096> buffer;
  size_t head_end = std::string::npos;
  while ((head_end = answer.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno("read the streaming server's answer", errno);
    if (got == 0 || answer.size() > kMaxHeadBytes) break;
    answer.append(buffer.data(), static_cast<size_t>(got));
  }
  if (head_end == std::string::npos || !answer.starts_with("HTTP/1.1 101 ")) {
    return Error{ErrorCode::kUnavailable, "the streaming server refused: " + answer.substr(0, 400)};
  }
  return answer.substr(head_end + 4);
}

// Our terminal in raw mode, so that control characters reach the command; put back at the end.
class RawTerminal {
 public:
  explicit RawTerminal(bool wanted) {
    if (!wanted || tcgetattr(STDIN_FILENO, &saved_) != 0) return;
    termios raw = saved_;
    cfmakeraw(&raw);
    active_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (active_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  }

 private:
  termios saved_{};
  bool active_ = false;
};

// Tells of changes of our terminal's size as a readable descriptor.
Result<UniqueFd> WatchWindowSize() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return Error::FromErrno("block SIGWINCH", errno);
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.ok()) return Error::FromErrno("watch SIGWINCH", errno);
  return fd;
}

class Session {
 public:
  Session(UniqueFd socket, UniqueFd window_changes, ExecOptions options)
      : socket_(std::move(socket)), window_changes_(std::move(window_changes)) {
    uint32_t next = 1;
    const auto open = [&](std::string_view type) {
      const uint32_t id = next;
      next += 2;
      unsent_ += writer_.OpenStream(id, type);
      return id;
    };
    streams_.error = open("error");
    if (options.stdin_open) streams_.in = open("stdin");
    streams_.out = open("stdout");
    if (!options.tty) streams_.err = open("stderr");
    if (options.tty) streams_.resize = open("resize");
    stdin_open_ = options.stdin_open;
    err_ended_ = options.tty;
    if (options.tty) SendWindowSize();
  }

  // `early` came together with the answer to the upgrade.
  Result<int> Run(std::string_view early) {
    reader_.Add(early);
    if (Status status = TakeFrames(); !status) return status.error();
    while (!Ended()) {
      if (Status status = Step(); !status) return status.error();
    }
    return ExitCodeOf(status_);
  }

 private:
  bool Ended() const { return closed_ || (error_ended_ && out_ended_ && err_ended_); }

  Status Step() {
    const bool take_stdin = stdin_open_ && unsent_.size() < kMaxUnsentBytes;
    std::array<pollfd, 3> wanted{
        pollfd{socket_.get(), static_cast<short>(POLLIN | (unsent_.empty() ? 0 : POLLOUT)), 0},
        pollfd{take_stdin ? STDIN_FILENO : -1, POLLIN, 0},
        pollfd{streams_.resize ? window_changes_.get() : -1, POLLIN, 0}};
    if (poll(wanted.data(), wanted.size(), -1) < 0) {
      return errno == EINTR ? Status() : Error::FromErrno("wait for the command", errno);
    }
    if (wanted[2].revents) OnWindowChange();
    if (wanted[1].revents) {
      if (Status status = OnStdin(); !status) return status;
    }
    if (wanted[0].revents & POLLOUT) {
      if (Status status = Send(); !status) return status;
    }
    if (wanted[0].revents & (POLLIN | POLLHUP | POLLERR)) return Receive();
    return {};
  }

  Status OnStdin() {
    std::array<char, kReadBytes> buffer;
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR ? Status() : Error::FromErrno("read stdin", errno);
    stdin_open_ = got > 0;
    unsent_ += SpdyData(streams_.in, {buffer.data(), static_cast<size_t>(got)}, !stdin_open_);
    return {};
  }

  void OnWindowChange() {
    signalfd_siginfo info{};
    while (read(window_changes_.get(), &info, sizeof info) == sizeof info) {
    }
    SendWindowSize();
  }

  void SendWindowSize() {
    winsize size{};
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return;  // no terminal: no size to tell
    unsent_ += SpdyData(streams_.resize,
                        "{\"Width\":" + std::to_string(size.ws_col) +
                            ",\"Height\":" + std::to_string(size.ws_row) + "}\n",
                        false);
  }

  Status Send() {
    const ssize_t sent =
        send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      unsent_.erase(0, static_cast<size_t>(sent));
      return {};
    }
    if (errno == EAGAIN || errno == EINTR) return {};
    // The command may have ended with our input unread: what was said before still waits for us.
    if (errno == EPIPE || errno == ECONNRESET) {
      unsent_.clear();
      stdin_open_ = false;
      return {};
    }
    return Error::FromErrno("send to the runtime's streaming server", errno);
  }

  Status Receive() {
    std::array<char, kReadBytes> buffer;
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got < 0 && errno != ECONNRESET) {
      return Error::FromErrno("receive from the runtime's streaming server", errno);
    }
    if (got <= 0) {
      closed_ = true;
      return {};
    }
    reader_.Add({buffer.data(), static_cast<size_t>(got)});
    return TakeFrames();
  }

  Status TakeFrames() {
    while (true) {
      const auto frame = reader_.Next();
      if (!frame) return frame.error();
      if (!*frame) return {};
      if (Status status = OnFrame(**frame); !status) return status;
    }
  }

  Status OnFrame(const SpdyFrame& frame) {
    if (frame.kind == SpdyKind::kPing) unsent_ += SpdyPong(frame.ping_id);
    if (frame.kind == SpdyKind::kReset || frame.last) OnStreamEnd(frame.stream);
    if (frame.kind != SpdyKind::kData) return {};
    if (frame.stream == streams_.error) status_ += frame.payload;
    if (frame.stream == streams_.out) return WriteAll(STDOUT_FILENO, frame.payload);
    if (frame.stream == streams_.err) return WriteAll(STDERR_FILENO, frame.payload);
    return {};
  }

  void OnStreamEnd(uint32_t stream) {
    if (stream == 0) return;
    if (stream == streams_.error) error_ended_ = true;
    if (stream == streams_.out) out_ended_ = true;
    if (stream == streams_.err) err_ended_ = true;
    if (stream == streams_.in) stdin_open_ = false;
  }

  UniqueFd socket_;
  UniqueFd window_changes_;
  SpdyWriter writer_;
  SpdyReader reader_;
  Streams streams_;
  std::string unsent_;
  std::string status_;  // JSON: how the command ended
  bool stdin_open_ = false;
  bool error_ended_ = false;
  bool out_ended_ = false;
  bool err_ended_ = false;
  bool closed_ = false;
};

}  // namespace

Result<int> ExitCodeOf(std::string_view status) {
  if (status.empty()) {
    return Error{ErrorCode::kUnavailable,
                 "the runtime closed the streams and did not say how the command ended"};
  }
  try {
    const auto json = nlohmann::json::parse(status);
    if (json.value("status", "") == "Success") return 0;
    if (json.value("reason", "") == "NonZeroExitCode") {
      for (const auto& cause : json.at("details").at("causes")) {
        if (cause.value("reason", "") != "ExitCode") continue;
        const std::string text = cause.at("message").get<std::string>();
        int code = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
        if (error == std::errc() && end == text.data() + text.size()) return code;
      }
    }
    return Error{ErrorCode::kUnknown, "the runtime did not run the command: " +
                                          json.value("message", std::string(status))};
  } catch (const nlohmann::json::exception&) {
    return Error{ErrorCode::kDataLoss,
                 "the runtime's status is not as Kubernetes defines it: " + std::string(status)};
  }
}

Result<int> StreamExec(const std::string& url, ExecOptions options) {
  const auto parsed = ParseUrl(url);
  if (!parsed) return parsed.error();
  auto socket = Connect(*parsed);
  if (!socket) return socket.error();
  const auto early = Upgrade(socket->get(), *parsed);
  if (!early) return early.error();
  auto window_changes = WatchWindowSize();
  if (!window_changes) return window_changes.error();
  const RawTerminal raw(options.tty && options.stdin_open && isatty(STDIN_FILENO));
  return Session(std::move(*socket), std::move(*window_changes), options).Run(*early);
}

}  // namespace nestor::pod
