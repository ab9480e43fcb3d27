// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/options.h"

namespace nestor::ctl {

Format ChooseFormat(const Options& options, bool is_terminal) {
  if (options.format) return *options.format;
  if (is_terminal) return Format::kText;
  const bool policy = options.command >= Command::kPolicyValidate;
  const bool lines = policy || options.command == Command::kEvents ||
                     options.command == Command::kAgents || options.command == Command::kPath ||
                     options.follow;
  return lines ? Format::kJsonLines : Format::kJson;
}

}  // namespace nestor::ctl
