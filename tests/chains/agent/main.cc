// SPDX-License-Identifier: Apache-2.0
// agent: every process of the truth bench's scenarios. One program, for it comes into containers by
// one mounted folder.
//   leaf MARKER                  writes its marker and the path from stdin to the truth file, and
//   ends agent task                   does the task on stdin agent session AT_A_TIME      does all
//   tasks on stdin, each in a child, so many at a time agent serve NAME MODEL ADDRESS
//   agent victim NAME            does what is written into its memory
//   agent trace NAME HOW         writes the task on stdin into that one's
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "tests/chains/agent/address.h"
#include "tests/chains/agent/bytes.h"
#include "tests/chains/agent/serve.h"
#include "tests/chains/agent/steps.h"
#include "tests/chains/agent/victim.h"

namespace nestor::chains {
namespace {

constexpr char kTruth[] = "/chains/truth";
constexpr char kReady[] = "/chains/ready/";

int Leaf(const std::string& marker) {
  const std::string line = marker + " " + ReadToEnd(STDIN_FILENO) + "\n";
  const int fd = open(kTruth, O_WRONLY | O_APPEND | O_CLOEXEC);
  return fd >= 0 && WriteAll(fd, line) ? 0 : 1;
}

int DoTask() {
  const bool fine = Run(ReadToEnd(STDIN_FILENO), Role::kClient);
  while (wait(nullptr) > 0) {
  }
  return fine ? 0 : 1;
}

int Session(int at_a_time) {
  const std::string text = ReadToEnd(STDIN_FILENO);
  int running = 0;
  for (size_t begin = 0, end; (end = text.find("\nend\n", begin)) != std::string::npos;) {
    end += 5;
    if (running == at_a_time && wait(nullptr) > 0) --running;
    if (fork() == 0) {
      const bool fine = Run(text.substr(begin, end - begin), Role::kClient);
      while (wait(nullptr) > 0) {
      }
      _exit(fine ? 0 : 1);
    }
    ++running;
    begin = end;
  }
  while (wait(nullptr) > 0) {
  }
  return 0;
}

using Model = void (*)(int listener);

const std::map<std::string, Model>& Models() {
  static const std::map<std::string, Model> models = {
      {"fork", ServeByFork},
      {"thread", ServeByThread},
      {"pool", ServeByPool},
      {"queue", ServeByQueue},
      {"prefork", ServeByPrefork},
      {"loop", [](int listener) { ServeByLoop(listener, RunAsServer); }},
      {"datagram", [](int fd) { ServeDatagrams(fd, false); }},
      {"datagram-fork", [](int fd) { ServeDatagrams(fd, true); }},
      {"pair", ServeByPair},
      {"gateway", ServeByGateway},
      {"pass", ServeByPass},
      {"listener", ServeByListener},
      {"getfd", ServeByGetfd},
  };
  return models;
}

int Serve(const std::string& name, const std::string& model, const std::string& where) {
  const auto found = Models().find(model);
  const auto address = ParseAddress(where);
  if (found == Models().end() || !address) {
    std::fprintf(stderr, "agent: wrong model %s or address %s\n", model.c_str(), where.c_str());
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  const int listener = Listen(*address);
  if (listener < 0) {
    std::perror(where.c_str());
    return 1;
  }
  close(open((kReady + name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  found->second(listener);
  return 0;
}

int Wait(const std::string& victim) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  return BeVictim(victim);
}

}  // namespace

int Main(int argc, char** argv) {
  const std::string name = argv[0], verb = argc > 1 ? argv[1] : "";
  if (name == "leaf" && argc == 2) return Leaf(verb);
  if (verb == "task" && argc == 2) return DoTask();
  if (verb == "session" && argc == 3) return Session(std::atoi(argv[2]));
  if (verb == "victim" && argc == 3) return Wait(argv[2]);
  if (verb == "trace" && argc == 4) {
    return WriteInto(argv[2], argv[3], ReadToEnd(STDIN_FILENO)) ? 0 : 1;
  }
  if (verb == "serve" && argc == 5) return Serve(argv[2], argv[3], argv[4]);
  std::fputs("agent: wrong usage\n", stderr);
  return 2;
}

}  // namespace nestor::chains

int main(int argc, char** argv) { return nestor::chains::Main(argc, argv); }
