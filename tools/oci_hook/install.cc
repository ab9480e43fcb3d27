// SPDX-License-Identifier: Apache-2.0
#include "tools/oci_hook/install.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "agent/base/unique_fd.h"

namespace nestor {
namespace {

Status Copy(int from, int to) {
  constexpr size_t kAtATime = 1 << 20;
  ssize_t count = 0;
  do {
    count = sendfile(to, from, nullptr, kAtATime);
  } while (count > 0 || (count < 0 && errno == EINTR));
  if (count < 0 || fchmod(to, 0755) != 0 || fsync(to) != 0) {
    return Error::FromErrno("write the copy", errno);
  }
  return {};
}

}  // namespace

Status Install(const std::string& path) {
  const UniqueFd from(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!from.ok()) return Error::FromErrno("open /proc/self/exe", errno);
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());  // of an installation that was cut off
  const UniqueFd to(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.ok()) return Error::FromErrno("make " + fresh, errno);
  if (Status copied = Copy(from.get(), to.get()); !copied) return copied.error().In(fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0) return Error::FromErrno("put it at " + path, errno);
  return {};
}

}  // namespace nestor
