// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_API_OPTIONS_H_
#define NESTOR_AGENT_API_API_OPTIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace nestor {

struct ApiOptions {
  std::string socket_path = "/run/nestor/nestord.sock";  // absolute
  // 0660 lets the socket's group in, which is that of its directory when that has the setgid bit.
  mode_t mode = 0600;
  uint32_t max_streams = 32;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_API_OPTIONS_H_
