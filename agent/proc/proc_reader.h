// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PROC_PROC_READER_H_
#define NESTOR_AGENT_PROC_PROC_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/event/event.h"

namespace nestor {

// A view of procfs, for what started before nestord and for what was lost. Values are what the
// process shows now: untrusted, marked pre_existing. Thread: any.
class ProcReader {
 public:
  explicit ProcReader(std::string root = "/proc") : root_(std::move(root)) {}
  virtual ~ProcReader() = default;

  // exe, argv, cwd, uid, tty of a process; nullopt when it is gone or its start time is another
  // process's (pid reuse; compared to 1 clock tick because /proc gives ticks).
  virtual std::optional<ProcessInfo> Read(ProcessKey key) const;
  // The pids above a process, its parent's first, up to where the pid namespace ends; 64 at most.
  // Empty when it is gone.
  virtual std::vector<uint32_t> Ancestors(ProcessKey key) const;
  // Whether its pids are the node's (the root pid namespace). Elsewhere, as in a pod without
  // hostPID, a process that is not found says nothing.
  virtual bool ShowsNode() const;
  // Whether this very process is still there, a zombie included. False also when /proc cannot tell.
  virtual bool Exists(ProcessKey key) const;
  // Who logged in to the session that an ssh server's process (`server`) serves and whose first
  // program is `program`: the user by the server's title, the key by the file that SSH_USER_AUTH
  // names, read inside the program's root. A program that is fast can change that file before.
  // nullopt: no session's title, or gone.
  virtual std::optional<LoginInfo> Login(ProcessKey server, ProcessKey program) const;
  // One open descriptor for each network namespace that a process is in.
  virtual std::vector<UniqueFd> NetworkNamespaces() const;

 private:
  std::string root_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_PROC_PROC_READER_H_
