// SPDX-License-Identifier: Apache-2.0
// Servers of two processes: one has the callers, the other does the work.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/bytes.h"
#include "tests/chains/agent/serve.h"

namespace nestor::chains {
namespace {

struct Pair {
  int front = -1, worker = -1;
};

Pair MakePair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) _exit(1);
  return {ends[0], ends[1]};
}

bool PassDescriptor(int channel, int passed) {
  char letter = 'd';
  iovec part{&letter, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &passed, sizeof(passed));
  return sendmsg(channel, &message, 0) == 1;
}

int TakeDescriptor(int channel) {
  char letter;
  iovec part{&letter, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) <= 0) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return -1;
  int taken = -1;
  std::memcpy(&taken, CMSG_DATA(header), sizeof(taken));
  return taken;
}

// Requests one after the other on one connection, a child for each.
[[noreturn]] void ServeMany(int fd) {
  char buffer[16384];
  std::string text;
  for (ssize_t length; (length = read(fd, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(length));
    for (size_t end; (end = text.find("\nend\n")) != std::string::npos; text.erase(0, end)) {
      end += 5;
      if (fork() != 0) continue;
      RunAsServer(text.substr(0, end));
      _exit(0);
    }
  }
  _exit(1);
}

}  // namespace

void ServeByPair(int listener) {
  const Pair pair = MakePair();
  if (fork() == 0) ServeDatagrams(pair.worker, /*fork_each=*/false);
  for (;;) {
    const int fd = Accept(listener);
    if (fd < 0) continue;
    if (fork() == 0) {
      WriteAll(pair.front, ReadTask(fd));
      WriteAll(fd, "ok\n");
      _exit(0);
    }
    close(fd);
  }
}

void ServeByGateway(int listener) {
  const auto inner = ParseAddress("abstract/behind-" + std::to_string(getpid()));
  const int inner_listener = inner ? Listen(*inner) : -1;
  if (inner_listener < 0) _exit(1);
  if (fork() == 0) ServeMany(Accept(inner_listener));
  int kept = -1;
  ServeByLoop(listener, [&](const std::string& text) {
    if (kept < 0) kept = Connect(*inner);  // by the first caller, for all
    WriteAll(kept, text);
  });
}

void ServeByPass(int listener) {
  const Pair pair = MakePair();
  if (fork() == 0) {
    for (;;) {
      const int fd = TakeDescriptor(pair.worker);
      if (fd >= 0) ServeOne(fd);
    }
  }
  for (;;) {
    const int fd = Accept(listener);
    if (fd < 0) continue;
    PassDescriptor(pair.front, fd);
    close(fd);
  }
}

void ServeByListener(int listener) {
  const Pair pair = MakePair();
  if (fork() == 0) {
    close(listener);  // it has only what it is given
    ServeByFork(TakeDescriptor(pair.worker));
  }
  PassDescriptor(pair.front, listener);
  close(listener);
  for (;;) pause();
}

void ServeByGetfd(int listener) {
  const Pair pair = MakePair();
  const pid_t front = getpid();
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  if (fork() == 0) {
    close(listener);
    const int owner = static_cast<int>(syscall(SYS_pidfd_open, front, 0));
    for (int number; read(pair.worker, &number, sizeof(number)) == sizeof(number);) {
      const int fd = static_cast<int>(syscall(SYS_pidfd_getfd, owner, number, 0));
      WriteAll(pair.worker, "t");
      if (fd >= 0) ServeOne(fd);
    }
    _exit(0);
  }
  for (;;) {
    const int fd = Accept(listener);
    if (fd < 0) continue;
    char taken;
    if (write(pair.front, &fd, sizeof(fd)) == sizeof(fd)) (void)!read(pair.front, &taken, 1);
    close(fd);
  }
}

}  // namespace nestor::chains
