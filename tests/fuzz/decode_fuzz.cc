// SPDX-License-Identifier: Apache-2.0
// Any bytes must give a record or a reason, and nothing outside of them may be read.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <variant>

#include "agent/kernel/decode.h"

namespace nestor {
namespace {

// No kind of record holds more bytes of text than came in.
void CheckBounds(const ExecRecord& exec, size_t size) {
  size_t bytes = 0;
  for (const std::string& argument : exec.argv) bytes += argument.size();
  if (bytes > size || exec.exe.value.size() > size || exec.cwd.value.size() > size) std::abort();
}

void Check(std::span<const std::byte> bytes) {
  const Result<Record> record = Decode(bytes);
  if (!record) {
    if (record.error().message.empty()) std::abort();
    return;
  }
  if (const auto* exec = std::get_if<ExecRecord>(&*record)) CheckBounds(*exec, bytes.size());
}

}  // namespace
}  // namespace nestor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nestor::Check(std::as_bytes(std::span(data, size)));
  return 0;
}
