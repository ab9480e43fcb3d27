// SPDX-License-Identifier: Apache-2.0
// What an ssh server's files and titles say of a login: users can write both. Whatever they write,
// what is told of it stays short.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/proc/ssh_login.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  nestor::LoginInfo login;
  nestor::TakeAuthInfo(text, login);
  if (login.method.size() > 1024 || login.key.size() > 256 || login.certificate.size() > 512) {
    std::abort();
  }
  if (nestor::UserOfTitle(text).size() > size) std::abort();
  return 0;
}
