// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_OPTIONS_H_
#define NESTOR_TOOLS_NESTORCTL_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/nestorctl/client.h"
#include "tools/nestorctl/filter.h"
#include "tools/nestorctl/policy/policy_options.h"
#include "tools/nestorctl/terminal.h"

namespace nestor::ctl {

enum class Command : uint8_t {
  kTree,
  kChains,
  kChain,
  kEvents,
  kAgents,
  kPath,
  kExplain,
  kStatus,
  kDoctor,
  kPolicyValidate,
  kPolicyTest,
  kPolicyExplain,
  kPolicyDiff,
  kPolicyReplay,
  kPolicyLoaded,
  kPolicyMode,
  kVerify,
};

// kText is what people read: lines, a table, a tree.
enum class Format : uint8_t { kText, kJson, kJsonLines, kDot, kMermaid };

// What the command line of `nestorctl verify` said.
struct VerifyOptions {
  std::string file = "-";
  std::vector<std::string> keys;  // files, or "from-node"
};

// What the command line said.
struct Options {
  Command command = Command::kTree;
  std::string socket = kDefaultSocket;
  ColorMode color = ColorMode::kAuto;
  std::optional<Format> format;  // -o
  bool follow = false;
  bool all = false;
  FilterFlags filter;
  uint64_t from_seq = 0;
  std::string chain_id;
  std::string path_from;
  std::string path_to;
  uint32_t pid = 0;
  std::optional<std::chrono::nanoseconds> wait;
  PolicyOptions policy;
  VerifyOptions verify;
};

// Languages of graphs.
inline bool IsGraph(Format format) { return format == Format::kDot || format == Format::kMermaid; }

// -o, or what suits the reader: people at a terminal read text, programs in a pipe read JSON.
Format ChooseFormat(const Options& options, bool is_terminal);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_OPTIONS_H_
