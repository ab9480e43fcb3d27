// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_GRPC_STATUS_H_
#define NESTOR_AGENT_API_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "agent/base/result.h"

namespace nestor {

// The codes are gRPC's own, see ErrorCode.
inline grpc::Status ToGrpc(const Error& error) {
  return {static_cast<grpc::StatusCode>(error.code), error.message};
}

}  // namespace nestor

#endif  // NESTOR_AGENT_API_GRPC_STATUS_H_
