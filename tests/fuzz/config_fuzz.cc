// SPDX-License-Identifier: Apache-2.0
// Any text must give a configuration within its bounds, or errors that each name the file.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "agent/nestord/config.h"

namespace nestor {
namespace {

void CheckBounds(const Config& config) {
  if (!std::has_single_bit(config.probes.control_ring_bytes)) std::abort();
  if (!std::has_single_bit(config.probes.verdict_ring_bytes)) std::abort();
  if (!std::has_single_bit(config.probes.bulk_ring_bytes)) std::abort();
  if (config.chain.max_processes < 1024 || config.events.max_events < 100) std::abort();
}

void Check(const std::string& text) {
  const auto read = ParseConfig(text, "f.yaml");
  if (const auto* config = std::get_if<Config>(&read)) return CheckBounds(*config);
  const auto& errors = std::get<std::vector<Error>>(read);
  if (errors.empty()) std::abort();
  for (const Error& error : errors)
    if (!error.message.starts_with("f.yaml")) std::abort();
}

}  // namespace
}  // namespace nestor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nestor::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
