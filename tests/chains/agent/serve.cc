// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/serve.h"

#include <unistd.h>

#include <thread>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/bytes.h"
#include "tests/chains/agent/steps.h"

namespace nestor::chains {

void RunAsServer(const std::string& text) { Run(text, Role::kServer); }

void ServeOne(int fd) {
  RunAsServer(ReadTask(fd));
  WriteAll(fd, "ok\n");
  close(fd);
}

void ServeByFork(int listener) {
  for (;;) {
    const int fd = Accept(listener);
    if (fd < 0) continue;
    if (fork() == 0) {
      ServeOne(fd);
      _exit(0);
    }
    close(fd);
  }
}

void ServeByThread(int listener) {
  for (;;) {
    const int fd = Accept(listener);
    if (fd >= 0) std::thread(ServeOne, fd).detach();
  }
}

void ServeByPrefork(int listener) {
  for (int worker = 0; worker < kWorkers; ++worker) {
    if (fork() != 0) continue;
    for (;;) {
      const int fd = Accept(listener);
      if (fd >= 0) ServeOne(fd);
    }
  }
  for (;;) pause();
}

void ServeDatagrams(int fd, bool fork_each) {
  std::string buffer(65536, '\0');
  for (;;) {
    const ssize_t length = read(fd, buffer.data(), buffer.size());
    if (length <= 0) continue;
    const std::string text = buffer.substr(0, static_cast<size_t>(length));
    if (!fork_each) {
      RunAsServer(text);
    } else if (fork() == 0) {
      RunAsServer(text);
      _exit(0);
    }
  }
}

}  // namespace nestor::chains
