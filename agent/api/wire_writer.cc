// SPDX-License-Identifier: Apache-2.0
#include "agent/api/wire_writer.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "agent/api/utf8.h"

namespace nestor {
namespace {

constexpr size_t kMaxVarint = 10;
constexpr uint64_t kVarint = 0, kLengthDelimited = 2;  // wire types

char* PutVarint(uint64_t value, char* at) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

char* PutTag(int field, uint64_t wire_type, char* at) {
  return PutVarint(static_cast<uint64_t>(field) << 3 | wire_type, at);
}

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

}  // namespace

// Where the next bytes go; at least `bytes` of them.
char* WireWriter::Room(size_t bytes) {
  constexpr size_t kFirst = 4096;
  if (capacity_ - size_ < bytes) {
    capacity_ = std::max({kFirst, 2 * capacity_, size_ + bytes});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
    buffer_ = std::move(larger);
  }
  return buffer_.get() + size_;
}

void WireWriter::Number(int field, uint64_t value) {
  if (value == 0) return;
  char* const begin = Room(2 * kMaxVarint);
  const char* const end = PutVarint(value, PutTag(field, kVarint, begin));
  size_ += static_cast<size_t>(end - begin);
}

void WireWriter::Text(int field, std::string_view text) {
  if (!text.empty()) Item(field, text);
}

void WireWriter::Item(int field, std::string_view text) {
  if (!IsUtf8(text)) return Item(field, ToUtf8(text));
  Put(field, text);
}

void WireWriter::Bytes(int field, std::string_view bytes) {
  if (!bytes.empty()) Put(field, bytes);
}

void WireWriter::Put(int field, std::string_view bytes) {
  char* const begin = Room(2 * kMaxVarint + bytes.size());
  char* at = PutVarint(bytes.size(), PutTag(field, kLengthDelimited, begin));
  at = std::copy(bytes.begin(), bytes.end(), at);
  size_ += static_cast<size_t>(at - begin);
}

// The length comes before what is measured by it: one byte is left for it, which is nearly always
// enough.
size_t WireWriter::Begin(int field) {
  char* const begin = Room(kMaxVarint + 1);
  const char* const length = PutTag(field, kLengthDelimited, begin);
  size_ += static_cast<size_t>(length - begin) + 1;
  return size_;
}

void WireWriter::End(size_t begin) {
  const size_t length = size_ - begin;
  const size_t more = VarintBytes(length) - 1;
  if (more > 0) {
    Room(more);
    char* const body = buffer_.get() + begin;
    std::memmove(body + more, body, length);
    size_ += more;
  }
  PutVarint(length, buffer_.get() + begin - 1);
}

}  // namespace nestor
