// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_PIPELINE_KEPT_NAMES_H_
#define NESTOR_AGENT_PIPELINE_KEPT_NAMES_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/policy/compiled.h"

namespace nestor {

// What a verdict says of its rule: the kernel's record has the rule's number only.
struct RuleNames {
  std::string rule;
  std::string policy;
  std::string message;
  std::string severity;
  std::vector<std::string> tags;
  bool operator==(const RuleNames&) const = default;
};

// The rules of one generation, by number.
struct GenerationNames {
  uint64_t generation = 0;
  std::vector<RuleNames> rules;
  bool operator==(const GenerationNames&) const = default;
};

// Where the names of rules outlive nestord, for what is denied between two of them is read by the
// next. They hold with the pinned state of one boot only.
struct KeptNames {
  std::string bytes;  // as an earlier start left them; empty: none
  std::function<Status(const std::string& bytes)> keep;  // null: nowhere
};

GenerationNames NamesOf(const CompiledPolicies& policies);

// Writes the names of the last generations, before the kernel gets the rules: a start that is
// killed leaves no number without a name. Thread: any; the disk's time is the caller's.
class NameKeeper {
 public:
  // `continued`: what the names were kept for is still in the kernel.
  NameKeeper(std::string boot_id, KeptNames kept, bool continued);

  // What earlier starts kept, oldest first.
  const std::vector<GenerationNames>& earlier() const { return earlier_; }
  void Keep(const CompiledPolicies& policies);
  // Why they are not kept; empty: they are, or nobody asked for it.
  std::string fault() const;

  static constexpr size_t kGenerations = 4;

 private:
  const std::string boot_id_;
  const std::function<Status(const std::string&)> keep_;
  std::vector<GenerationNames> earlier_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<GenerationNames> last_;
  std::string fault_;
};

// The text of the file, and what it says. Error: it is of another boot, or is none.
std::string ToKeptBytes(const std::string& boot_id, const std::vector<GenerationNames>& names);
Result<std::vector<GenerationNames>> FromKeptBytes(std::string_view bytes,
                                                   const std::string& boot_id);

}  // namespace nestor

#endif  // NESTOR_AGENT_PIPELINE_KEPT_NAMES_H_
