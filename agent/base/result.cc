// SPDX-License-Identifier: Apache-2.0
#include "agent/base/result.h"

#include <cerrno>
#include <system_error>

namespace nestor {
namespace {

ErrorCode CodeOf(int number) {
  switch (number) {
    case ENOENT:
    case ESRCH:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
      return ErrorCode::kPermissionDenied;
    case EINVAL:
      return ErrorCode::kInvalidArgument;
    case ENOMEM:
    case ENOSPC:
    case E2BIG:
      return ErrorCode::kResourceExhausted;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::kUnimplemented;
    case ETIMEDOUT:
      return ErrorCode::kDeadlineExceeded;
    case ECONNREFUSED:
    case EAGAIN:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error Error::FromErrno(std::string_view what, int number) {
  return {CodeOf(number), std::string(what) + ": " + std::generic_category().message(number)};
}

}  // namespace nestor
