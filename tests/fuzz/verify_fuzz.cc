// SPDX-License-Identifier: Apache-2.0
// A recording, which anybody may have written: it is read to its end, counted whole, and holds only
// when something in it is signed by the node's key.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/unit/beat/sample_beats.h"
#include "tools/nestorctl/verify/verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nestor::ctl::Verifier;
  static const nestor::PublicKey key = nestor::sample::Key().public_key();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Verifier verifier({key});
  uint64_t line = 0, taken = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto event = nestor::ctl::ReadRecordedEvent(text.substr(0, end));
    if (event && verifier.Take(*event, ++line)) ++taken;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto verified = verifier.Finish();
  if (verified.ok() != (taken > 0)) std::abort();
  if (!verified) return 0;
  if (verified->events != taken) std::abort();
  if (verified->holds() && verified->starts.empty()) std::abort();
  if (verified->findings.size() > Verifier::kMostFindings) std::abort();
  return 0;
}
