// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_SOCKET_PATH_H_
#define NESTOR_AGENT_API_SOCKET_PATH_H_

#include <sys/types.h>

#include <string>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace nestor {

// The name under which a unix socket can be reached. The socket is bound where nobody else can come
// (a directory of mode 0700 beside its place), gets its mode there, and is then renamed to its
// place: at no moment can a client connect that the mode would keep out, and the process's umask is
// left alone. Thread: one at a time.
class SocketPath {
 public:
  // Makes the directory (0750) if there is none and takes the place. kInvalidArgument for a path
  // that cannot be a socket's; kFailedPrecondition when another process answers there, when
  // something other than a socket lies there, or when the directory can be written by anyone.
  static Result<SocketPath> Claim(const std::string& path);

  SocketPath(SocketPath&& other) noexcept;
  SocketPath& operator=(SocketPath&&) = delete;
  // Removes the socket, if it is still the one that Publish put there.
  ~SocketPath();

  // Where to bind.
  const std::string& private_path() const { return private_path_; }

  // Gives the bound socket its mode and its place; a dead socket there is replaced.
  Status Publish(mode_t mode);

  void Remove();

 private:
  SocketPath(std::string path, std::string private_directory, UniqueFd claim);
  void RemovePrivate();

  std::string path_;
  std::string private_directory_;
  std::string private_path_;
  UniqueFd claim_;  // the directory, locked between Claim and Publish
  bool published_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_SOCKET_PATH_H_
