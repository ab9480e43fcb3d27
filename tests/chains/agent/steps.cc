// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/steps.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/bytes.h"
#include "tests/chains/agent/process.h"
#include "tests/chains/agent/task.h"

namespace nestor::chains {
namespace {

constexpr int kPatienceMs = 60000;
constexpr useconds_t kBetweenPartsUs = 3000;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool Failed(const std::string& step, const char* why) {
  std::fprintf(stderr, "agent: %s: %s\n", step.c_str(), why);
  return false;
}

bool Send(int fd, const std::string& text, bool split) {
  if (!split) return WriteAll(fd, text);
  const size_t half = text.size() / 2;
  if (!WriteAll(fd, std::string_view(text).substr(0, half))) return false;
  usleep(kBetweenPartsUs);
  return WriteAll(fd, std::string_view(text).substr(half));
}

// The server's word that it has begun, or that the connection is over.
void AwaitAnswer(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  char answer[16];
  if (poll(&wanted, 1, kPatienceMs) > 0) (void)!read(fd, answer, sizeof(answer));
}

std::string Posted(const std::string& text) {
  return "POST / HTTP/1.1\r\nHost: chains\r\nConnection: close\r\nContent-Length: " +
         std::to_string(text.size()) + "\r\n\r\n" + text;
}

// connect HOPS ADDRESS [split], post HOPS ADDRESS
bool CallServer(const std::vector<std::string>& words, const Task& rest, Role role) {
  const auto address = ParseAddress(words[2]);
  if (!address) return Failed(words[2], "no address");
  const int fd = Connect(*address);
  if (fd < 0) return Failed(words[2], std::strerror(errno));
  const bool split = words.size() > 3 && words[3] == "split";
  const std::string text = TaskText(Across(rest, words[1]));
  const bool sent = Send(fd, words[0] == "post" ? Posted(text) : text, split);
  if (sent && role == Role::kClient && address->type != SOCK_DGRAM) AwaitAnswer(fd);
  close(fd);
  return sent || Failed(words[2], "cannot send");
}

// exec HOPS WORD...: the words are one program's arguments, '\\s' in them a space.
bool CallCommand(const std::vector<std::string>& words, const Task& rest) {
  std::vector<std::string> argv(words.begin() + 2, words.end());
  for (std::string& word : argv) {
    for (size_t at; (at = word.find("\\s")) != std::string::npos;) word.replace(at, 2, " ");
  }
  return Start("plain", argv[0], argv, TaskText(Across(rest, words[1]))) ||
         Failed(argv[0], "cannot start");
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  return static_cast<bool>(file.flush());
}

// leave HOP POD: who reads the job knows nothing of who left it. It takes its own line away first,
// for cron would start it again each minute.
bool LeaveToCron(const std::string& hop, const std::string& pod, Task rest) {
  rest.path = hop;
  const std::string folder = "/chains/cron/" + pod + "/", job = "/chains/jobs/" + hop;
  const std::string line = "* * * * * root mv " + folder + hop + " " + job + ".done && " +
                           kProgram + " task <" + job + "\n";
  // Names with a dot are none of cron's.
  const std::string hidden = folder + "." + hop;
  return (WriteFile(job, TaskText(rest)) && WriteFile(hidden, line) &&
          rename(hidden.c_str(), (folder + hop).c_str()) == 0) ||
         Failed(hop, "cannot leave a job");
}

}  // namespace

bool Run(std::string_view text, Role role) {
  auto task = ParseTask(text);
  if (!task) return Failed(std::string(text), "no task");
  while (!task->steps.empty()) {
    const std::string step = task->steps.front();
    task->steps.pop_front();
    const std::vector<std::string> words = Words(step);
    const std::string verb = words.empty() ? "" : words[0];
    if (verb == "leaf" && words.size() == 3) {
      if (!Start(words[1], kProgram, {"leaf", words[2]}, task->path)) {
        return Failed(step, "cannot start");
      }
    } else if ((verb == "connect" || verb == "post") && words.size() >= 3) {
      return CallServer(words, *task, role);
    } else if (verb == "agent" && words.size() == 2) {
      return Start(words[1], kProgram, {"agent", "task"}, TaskText(*task)) ||
             Failed(step, "cannot start");
    } else if (verb == "leave" && words.size() == 3) {
      return LeaveToCron(words[1], words[2], *std::move(task));
    } else if (verb == "exec" && words.size() >= 3) {
      return CallCommand(words, *task);
    } else {
      return Failed(step, "no such step");
    }
  }
  return true;
}

}  // namespace nestor::chains
