// SPDX-License-Identifier: Apache-2.0
#include "agent/api/socket_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace nestor {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr std::string_view kPrivateName = "/.nestord-XXXXXX";
constexpr std::string_view kBoundName = "/s";
constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

// gRPC reads socket paths as URIs; these characters stand for themselves there.
bool IsPlain(char letter) {
  constexpr std::string_view kOther = "/._-~+=@,:";
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || kOther.find(letter) != std::string_view::npos;
}

std::string DirectoryOf(const std::string& path) {
  return path.substr(0, std::max<size_t>(path.rfind('/'), 1));
}

Status CheckPath(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.back() == '/') {
    return Error::InvalidArgument("socket path `" + path + "` is not an absolute file name");
  }
  if (!std::ranges::all_of(path, IsPlain)) {
    return Error::InvalidArgument("socket path `" + path +
                                  "` holds a character other than letters, digits and /._-~+=@,:");
  }
  const size_t bound = DirectoryOf(path).size() + kPrivateName.size() + kBoundName.size();
  if (std::max(path.size(), bound) > kLongestPath) {
    return Error::InvalidArgument("socket path `" + path + "` is too long for a unix socket");
  }
  return {};
}

Status MakeDirectory(const std::string& directory) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), failed);
  if (failed) return Error::FromErrno("make the directory above " + directory, failed.value());
  if (mkdir(directory.c_str(), kDirectoryMode) == 0) return {};
  if (errno == EEXIST) return {};
  return Error::FromErrno("make directory " + directory, errno);
}

// Who may write the directory may put a false nestord in the socket's place.
Status CheckDirectory(const std::string& directory, int fd) {
  struct stat found{};
  if (fstat(fd, &found) != 0) return Error::FromErrno("look at " + directory, errno);
  if (found.st_uid != 0 && found.st_uid != geteuid()) {
    return Error::FailedPrecondition("directory " + directory + " belongs to user " +
                                     std::to_string(found.st_uid));
  }
  if ((found.st_mode & S_IWOTH) && !(found.st_mode & S_ISVTX)) {
    return Error::FailedPrecondition("directory " + directory + " can be written by anyone");
  }
  return {};
}

// Locked until the socket is in its place, so that of two that start at once one sees the other.
Result<UniqueFd> LockDirectory(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return Error::FromErrno("open directory " + directory, errno);
  if (Status safe = CheckDirectory(directory, fd.get()); !safe) return safe.error();
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return Error::FromErrno("lock directory " + directory, errno);
  return Error::FailedPrecondition("directory " + directory +
                                   " is locked: another nestord is starting there");
}

// OK when nothing is there or a socket on which nobody listens any more.
Status CheckUnserved(const std::string& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return Error::FromErrno("look at " + path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Error::FailedPrecondition(path + " is no socket; move it away first");
  }
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.ok()) return Error::FromErrno("make a unix socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kLongestPath);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EAGAIN) {  // EAGAIN: it listens and is busy
    return Error::FailedPrecondition("another nestord serves " + path);
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return Error::FromErrno("ask whether another nestord serves " + path, errno);
}

}  // namespace

Result<SocketPath> SocketPath::Claim(const std::string& path) {
  if (Status valid = CheckPath(path); !valid) return valid.error();
  const std::string directory = DirectoryOf(path);
  if (Status made = MakeDirectory(directory); !made) return made.error();
  Result<UniqueFd> lock = LockDirectory(directory);
  if (!lock) return lock.error();
  if (Status unserved = CheckUnserved(path); !unserved) return unserved.error();

  std::string private_directory = directory + std::string(kPrivateName);
  if (mkdtemp(private_directory.data()) == nullptr) {
    return Error::FromErrno("make a directory in " + directory, errno);
  }
  return SocketPath(path, std::move(private_directory), std::move(*lock));
}

SocketPath::SocketPath(std::string path, std::string private_directory, UniqueFd claim)
    : path_(std::move(path)),
      private_directory_(std::move(private_directory)),
      private_path_(private_directory_ + std::string(kBoundName)),
      claim_(std::move(claim)) {}

SocketPath::SocketPath(SocketPath&& other) noexcept
    : path_(std::move(other.path_)),
      private_directory_(std::exchange(other.private_directory_, {})),
      private_path_(std::move(other.private_path_)),
      claim_(std::move(other.claim_)),
      published_(std::exchange(other.published_, false)),
      device_(other.device_),
      inode_(other.inode_) {}

SocketPath::~SocketPath() {
  Remove();
  RemovePrivate();
}

Status SocketPath::Publish(mode_t mode) {
  struct stat bound{};
  if (lstat(private_path_.c_str(), &bound) != 0 || chmod(private_path_.c_str(), mode) != 0) {
    return Error::FromErrno("set the mode of the socket for " + path_, errno);
  }
  if (rename(private_path_.c_str(), path_.c_str()) != 0) {
    return Error::FromErrno("put the socket at " + path_, errno);
  }
  published_ = true;
  device_ = bound.st_dev;
  inode_ = bound.st_ino;
  RemovePrivate();
  claim_.Reset(-1);
  return {};
}

void SocketPath::Remove() {
  if (!std::exchange(published_, false)) return;
  struct stat found{};
  const bool ours =
      lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  if (ours) unlink(path_.c_str());
}

void SocketPath::RemovePrivate() {
  if (private_directory_.empty()) return;
  unlink(private_path_.c_str());
  rmdir(private_directory_.c_str());
  private_directory_.clear();
}

}  // namespace nestor
