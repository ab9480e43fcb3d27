// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_BYTES_H_
#define NESTOR_TESTS_CHAINS_AGENT_BYTES_H_

#include <string>
#include <string_view>

namespace nestor::chains {

bool WriteAll(int fd, std::string_view text);

// Until the task is complete, or the other end closes.
std::string ReadTask(int fd);

std::string ReadToEnd(int fd);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_BYTES_H_
