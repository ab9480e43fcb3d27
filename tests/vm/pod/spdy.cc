// SPDX-License-Identifier: Apache-2.0
#include "tests/vm/pod/spdy.h"

namespace nestor::pod {
namespace {

// A control frame: 1 bit set, 15 bits version, 16 bits type, 8 bits flags, 24 bits length. A data
// frame: 1 bit clear, 31 bits stream, then the same. All numbers are in network byte order.
constexpr uint32_t kControl = 0x80030000;  // version 3
constexpr uint32_t kSynStream = 1;
constexpr uint32_t kSynReply = 2;
constexpr uint32_t kRstStream = 3;
constexpr uint32_t kPing = 6;
constexpr uint32_t kGoAway = 7;
constexpr uint32_t kFlagFin = 0x01000000;
constexpr uint32_t kLengthMask = 0x00ffffff;
constexpr uint32_t kStreamMask = 0x7fffffff;
constexpr size_t kHeadBytes = 8;

void Append32(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xff);
  }
}

uint32_t Read32(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

std::string ControlFrame(uint32_t type, std::string_view body) {
  std::string frame;
  Append32(frame, kControl | type);
  Append32(frame, static_cast<uint32_t>(body.size()));
  frame += body;
  return frame;
}

// A deflate block that holds its bytes as they are (RFC 1951, 3.2.4).
std::string StoredBlock(std::string_view bytes) {
  const auto size = static_cast<uint16_t>(bytes.size());
  const auto inverse = static_cast<uint16_t>(~size);
  std::string block(1, '\0');
  for (const uint16_t number : {size, inverse}) {
    block += static_cast<char>(number & 0xff);
    block += static_cast<char>(number >> 8);
  }
  block += bytes;
  return block;
}

}  // namespace

std::string SpdyWriter::OpenStream(uint32_t stream, std::string_view stream_type) {
  constexpr std::string_view kName = "streamtype";
  std::string headers;
  Append32(headers, 1);
  Append32(headers, static_cast<uint32_t>(kName.size()));
  headers += kName;
  Append32(headers, static_cast<uint32_t>(stream_type.size()));
  headers += stream_type;

  std::string body;
  Append32(body, stream);
  Append32(body, 0);             // no associated stream
  body += std::string(2, '\0');  // priority, slot
  // SPDY's dictionary only saves bytes: a zlib stream need not name one, nor compress. The empty
  // block at the end is a flush: the reader has all of the headers when it has seen it.
  if (!begun_) body += "\x78\x01";
  begun_ = true;
  body += StoredBlock(headers) + StoredBlock("");
  return ControlFrame(kSynStream, body);
}

std::string SpdyData(uint32_t stream, std::string_view bytes, bool last) {
  std::string frame;
  Append32(frame, stream & kStreamMask);
  Append32(frame, (last ? kFlagFin : 0) | (static_cast<uint32_t>(bytes.size()) & kLengthMask));
  frame += bytes;
  return frame;
}

std::string SpdyPong(uint32_t ping_id) {
  std::string body;
  Append32(body, ping_id);
  return ControlFrame(kPing, body);
}

Result<std::optional<SpdyFrame>> SpdyReader::Next() {
  if (buffer_.size() < kHeadBytes) return std::optional<SpdyFrame>();
  const uint32_t first = Read32(buffer_, 0);
  const uint32_t second = Read32(buffer_, 4);
  const size_t length = second & kLengthMask;
  const bool control = (first & ~kStreamMask) != 0;
  if (control && (first & 0xffff0000) != kControl) {
    return Error{ErrorCode::kDataLoss, "the runtime's stream is not SPDY/3.1"};
  }
  if (buffer_.size() < kHeadBytes + length) return std::optional<SpdyFrame>();
  std::string payload = buffer_.substr(kHeadBytes, length);
  buffer_.erase(0, kHeadBytes + length);

  SpdyFrame frame;
  frame.last = (second & kFlagFin) != 0;
  if (!control) {
    frame.kind = SpdyKind::kData;
    frame.stream = first & kStreamMask;
    frame.payload = std::move(payload);
    return std::optional(std::move(frame));
  }
  const uint32_t type = first & 0xffff;
  if (type == kGoAway) frame.kind = SpdyKind::kGoAway;
  if (length < 4) return std::optional(std::move(frame));
  if (type == kRstStream) frame.kind = SpdyKind::kReset;
  if (type == kRstStream || type == kSynReply) frame.stream = Read32(payload, 0) & kStreamMask;
  if (type == kPing) {
    frame.kind = SpdyKind::kPing;
    frame.ping_id = Read32(payload, 0);
  }
  return std::optional(std::move(frame));
}

}  // namespace nestor::pod
