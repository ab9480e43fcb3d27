// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_API_WIRE_WRITER_H_
#define NESTOR_AGENT_API_WIRE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace nestor {

// Writes the bytes of one protobuf message, as proto3 says: a field that holds nothing is left out.
// An event goes to its readers this way without being built as a message first, which would cost
// an allocation for each of its strings. Field numbers are those of the generated class. The memory
// is kept from one message to the next. Thread: one at a time.
class WireWriter {
 public:
  // uint32, uint64, bool; int32 and int64 after a conversion to int64_t.
  void Number(int field, uint64_t value);
  // string. What is no UTF-8 becomes U+FFFD.
  void Text(int field, std::string_view text);
  // One item of a repeated string, which may be empty.
  void Item(int field, std::string_view text);
  // bytes, as they are.
  void Bytes(int field, std::string_view bytes);
  // A message, also an empty one; `fill` writes its fields to this writer.
  template <typename Fill>
  void Message(int field, const Fill& fill) {
    const size_t begin = Begin(field);
    fill();
    End(begin);
  }

  std::string_view bytes() const { return {buffer_.get(), size_}; }
  // Begins the next message; `bytes` is invalid from then on.
  void Clear() { size_ = 0; }

 private:
  void Put(int field, std::string_view bytes);
  char* Room(size_t bytes);
  size_t Begin(int field);
  void End(size_t begin);

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_API_WIRE_WRITER_H_
