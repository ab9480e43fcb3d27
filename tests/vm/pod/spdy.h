// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_SPDY_H_
#define NESTOR_TESTS_VM_POD_SPDY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace nestor::pod {

// The client's part of SPDY/3.1 framing, as far as `kubectl exec` and container runtimes use it. It
// is used and not WebSocket because before v5.channel.k8s.io (absent from containerd 1.x) WebSocket
// cannot say that stdin has ended, so that `... | kubectl exec -i pod -- cat` would never return.
// Bytes in, bytes out: no sockets here.

// Makes the frames that open streams. Header blocks are compressed as one zlib stream per
// connection, so one writer serves one connection.
class SpdyWriter {
 public:
  // `stream` is odd and larger than every earlier one.
  std::string OpenStream(uint32_t stream, std::string_view stream_type);

 private:
  bool begun_ = false;
};

// At most 2^24 - 1 bytes; `last` half-closes the stream.
std::string SpdyData(uint32_t stream, std::string_view bytes, bool last);
std::string SpdyPong(uint32_t ping_id);

enum class SpdyKind { kData, kReset, kPing, kGoAway, kOther };

struct SpdyFrame {
  SpdyKind kind = SpdyKind::kOther;
  uint32_t stream = 0;   // data, reset
  bool last = false;     // data and replies: no more comes on this stream
  std::string payload;   // data
  uint32_t ping_id = 0;  // ping
};

// Cuts what came over the connection into frames.
class SpdyReader {
 public:
  void Add(std::string_view bytes) { buffer_ += bytes; }
  // The next whole frame; nullopt when more bytes are needed. Error: not SPDY/3.1. A frame has less
  // than 16 MiB by its own format.
  Result<std::optional<SpdyFrame>> Next();

 private:
  std::string buffer_;
};

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_SPDY_H_
