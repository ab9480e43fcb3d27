// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_MASK_MASKER_H_
#define NESTOR_AGENT_MASK_MASKER_H_

#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/event/event.h"
#include "agent/mask/masked.h"

namespace nestor {

struct MaskOptions {
  bool enabled_builtin = true;  // the shipped patterns; see docs in deploy/nestord.yaml
  std::vector<std::string>
      extra_patterns;  // RE2; the first group is masked, or the whole match when there is none
};

// Replaces secrets in every string of a value by "*****". Linear time (RE2). Masking is not const,
// because it remembers what it found clean. Thread: one at a time.
class Masker {
 public:
  static Result<Masker> Create(const MaskOptions& options);
  Masker(Masker&&) noexcept;
  Masker& operator=(Masker&&) noexcept;
  ~Masker();

  Masked<Event> Mask(Event event);
  Masked<ChainInfo> Mask(ChainInfo chain);
  Masked<std::vector<ChainInfo>> Mask(std::vector<ChainInfo> chains);
  Masked<std::vector<AgentInfo>> Mask(std::vector<AgentInfo> agents);

  // The masked form of one string / of an argv (where a secret may be the argument after its flag).
  std::string MaskText(std::string text);
  void MaskArgv(std::vector<std::string>& argv);

  uint64_t masked_count() const;  // secrets replaced since the start
  // What it took since the start, in bytes that were looked at; each search of an expression counts
  // for some more. For a string it grows with its length, whatever stands in it.
  uint64_t work() const;

 private:
  struct Patterns;
  explicit Masker(std::unique_ptr<Patterns> patterns);
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_MASK_MASKER_H_
