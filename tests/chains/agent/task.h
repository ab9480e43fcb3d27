// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_CHAINS_AGENT_TASK_H_
#define NESTOR_TESTS_CHAINS_AGENT_TASK_H_

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace nestor::chains {

// What travels through a scenario: the true way so far ("s1>h4>h5") and the steps that are still to
// be done. It goes over sockets and pipes only, never as an argument or in the environment: nestord
// reads those.
//
//   path s1>h4
//   leaf plain 8841927
//   connect h5 tcp/127.0.0.1/7001
//   leaf plain 8841930
//   end
struct Task {
  std::string path;
  std::deque<std::string> steps;
};

// Whether the text has come to its last line.
bool Complete(std::string_view text);

std::optional<Task> ParseTask(std::string_view text);

std::string TaskText(const Task& task);

// The same task after it crossed `hops` ("h5" or "h5,h6": a relay on the way cannot add its own).
Task Across(Task task, std::string_view hops);

}  // namespace nestor::chains

#endif  // NESTOR_TESTS_CHAINS_AGENT_TASK_H_
