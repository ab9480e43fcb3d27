// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/bytes.h"

#include <unistd.h>

#include <cerrno>

#include "tests/chains/agent/task.h"

namespace nestor::chains {
namespace {

// False at the end or on an error.
bool ReadMore(int fd, std::string& text) {
  char buffer[16384];
  ssize_t length;
  do length = read(fd, buffer, sizeof(buffer));
  while (length < 0 && errno == EINTR);
  if (length > 0) text.append(buffer, static_cast<size_t>(length));
  return length > 0;
}

}  // namespace

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = write(fd, text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return false;
    text.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

std::string ReadTask(int fd) {
  std::string text;
  while (!Complete(text) && ReadMore(fd, text)) {
  }
  return text;
}

std::string ReadToEnd(int fd) {
  std::string text;
  while (ReadMore(fd, text)) {
  }
  return text;
}

}  // namespace nestor::chains
