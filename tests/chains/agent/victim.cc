// SPDX-License-Identifier: Apache-2.0
#include "tests/chains/agent/victim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/chains/agent/serve.h"

namespace nestor::chains {
namespace {

constexpr char kVictims[] = "/chains/ready/";
constexpr useconds_t kLookUs = 2000;
constexpr int kLooks = 60'000'000 / kLookUs;

// What others write: the text, then its length, which says that it is there.
struct Inbox {
  char text[16384];
  uint64_t length;
};
volatile Inbox inbox{};

struct Victim {
  pid_t pid = 0;
  uint64_t inbox = 0;  // address there

  uint64_t length_at() const { return inbox + offsetof(Inbox, length); }
  bool Idle() const {
    uint64_t length = 1;
    iovec here{&length, sizeof(length)};
    iovec there{reinterpret_cast<void*>(length_at()), sizeof(length)};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(length) && length == 0;
  }
};

bool PokeWords(pid_t pid, uint64_t at, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size(); done += sizeof(long)) {
    long word = 0;
    std::memcpy(&word, bytes.data() + done, std::min(sizeof(word), bytes.size() - done));
    if (ptrace(PTRACE_POKEDATA, pid, at + done, word) != 0) return false;
  }
  return true;
}

bool Poke(const Victim& victim, const std::string& text, const std::string& length) {
  if (ptrace(PTRACE_ATTACH, victim.pid, 0, 0) != 0) return false;
  int status = 0;
  const bool written = waitpid(victim.pid, &status, __WALL) == victim.pid &&
                       PokeWords(victim.pid, victim.inbox, text) &&
                       PokeWords(victim.pid, victim.length_at(), length);
  return ptrace(PTRACE_DETACH, victim.pid, 0, 0) == 0 && written;
}

bool WriteByCall(const Victim& victim, std::string text, std::string length) {
  std::array<iovec, 2> here{{{text.data(), text.size()}, {length.data(), length.size()}}};
  std::array<iovec, 2> there{{{reinterpret_cast<void*>(victim.inbox), text.size()},
                              {reinterpret_cast<void*>(victim.length_at()), length.size()}}};
  const auto all = static_cast<ssize_t>(text.size() + length.size());
  return process_vm_writev(victim.pid, here.data(), 2, there.data(), 2, 0) == all;
}

bool WriteByFile(const Victim& victim, const std::string& text, const std::string& length) {
  const std::string path = "/proc/" + std::to_string(victim.pid) + "/mem";
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto put = [fd](const std::string& bytes, uint64_t at) {
    return pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(bytes.size());
  };
  const bool written = put(text, victim.inbox) && put(length, victim.length_at());
  close(fd);
  return written;
}

bool Write(const Victim& victim, const std::string& how, const std::string& text) {
  const uint64_t size = text.size();
  const std::string length(reinterpret_cast<const char*>(&size), sizeof(size));
  if (how == "ptrace") return Poke(victim, text, length);
  if (how == "vm-write") return WriteByCall(victim, text, length);
  return how == "mem-file" && WriteByFile(victim, text, length);
}

}  // namespace

int BeVictim(const std::string& name) {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  const std::string path = kVictims + name;
  std::ofstream(path + ".new") << getpid() << " " << reinterpret_cast<uint64_t>(&inbox) << "\n";
  if (rename((path + ".new").c_str(), path.c_str()) != 0) return 1;
  for (;; usleep(kLookUs)) {
    if (inbox.length == 0) continue;
    std::string text(inbox.length, ' ');
    for (size_t at = 0; at < text.size(); ++at) text[at] = inbox.text[at];
    RunAsServer(text);
    inbox.length = 0;
  }
}

bool WriteInto(const std::string& name, const std::string& how, const std::string& text) {
  const std::string path = kVictims + name;
  Victim victim;
  std::ifstream(path) >> victim.pid >> victim.inbox;
  const int lock = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // Others may want the same one: the lock is for the look and the write that follows it.
  for (int look = 0; look < kLooks; ++look, usleep(kLookUs)) {
    flock(lock, LOCK_EX);
    if (victim.Idle()) {
      const bool written = Write(victim, how, text);
      if (!written) std::perror(("agent: " + how + " " + name).c_str());
      return written;
    }
    flock(lock, LOCK_UN);
  }
  std::fprintf(stderr, "agent: %s is never idle\n", name.c_str());
  return false;
}

}  // namespace nestor::chains
