// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_AGENTS_RECOGNISER_H_
#define NESTOR_AGENT_AGENTS_RECOGNISER_H_

#include <memory>
#include <string_view>

#include "agent/agents/signature.h"
#include "agent/base/result.h"
#include "agent/event/agent_match.h"
#include "agent/event/event.h"
#include "agent/policy/glob.h"

namespace nestor {

// How a signature's globs are read.
inline constexpr GlobKind kExeGlob = GlobKind::kPath, kArgsGlob = GlobKind::kArgument,
                          kImagesGlob = GlobKind::kPath;

// Nothing, or why `name` cannot be the name of an agent.
Status CheckAgentName(std::string_view name);

// Tells which known agent a process is, by what it runs. All globs are joined into automata, so
// that an exec costs one walk over its names, whatever the number of signatures. Immutable; thread:
// any.
class AgentRecogniser {
 public:
  // Error: a name or glob that is none, a signature that says nothing, or too many of them.
  static Result<AgentRecogniser> Create(const AgentOptions& options);
  AgentRecogniser(AgentRecogniser&&) noexcept;
  AgentRecogniser& operator=(AgentRecogniser&&) noexcept;
  ~AgentRecogniser();

  // The first signature that matches. kContainer holds for the first process of a container only,
  // which the caller knows.
  AgentMatch Recognise(const ProcessInfo& process, const Workload& workload) const;

 private:
  struct Compiled;
  explicit AgentRecogniser(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_AGENTS_RECOGNISER_H_
