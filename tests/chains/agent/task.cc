// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/task.h"

namespace nestor::chains {
namespace {

constexpr std::string_view kPath = "path ";
constexpr std::string_view kEnd = "end\n";

}  // namespace

bool Complete(std::string_view text) { return text == kEnd || text.ends_with("\nend\n"); }

std::optional<Task> ParseTask(std::string_view text) {
  if (!text.starts_with(kPath) || !Complete(text)) return std::nullopt;
  text.remove_suffix(kEnd.size());
  Task task;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    task.steps.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  task.path = task.steps.front().substr(kPath.size());
  task.steps.pop_front();
  return task;
}

std::string TaskText(const Task& task) {
  std::string text = std::string(kPath) + task.path + "\n";
  for (const std::string& step : task.steps) text += step + "\n";
  return text + std::string(kEnd);
}

Task Across(Task task, std::string_view hops) {
  task.path += '>';
  for (const char letter : hops) task.path += letter == ',' ? '>' : letter;
  return task;
}

}  // namespace nestor::chains
