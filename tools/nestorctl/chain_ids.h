// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_CHAIN_IDS_H_
#define NESTOR_TOOLS_NESTORCTL_CHAIN_IDS_H_

#include <string>

#include "agent/base/result.h"
#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/client.h"

namespace nestor::ctl {

// The whole id of the one chain of `known` that `text` (as ParseChainId gives it) means: a whole id
// is taken as it is; else the end of one id, else the start of one. kNotFound, kInvalidArgument
// when several fit.
Result<std::string> WholeChainId(const std::string& text, const v1::ListChainsResponse& known);

// Replaces each chain id of `filter` by its whole id. Asks nestord only when one is not whole.
Status CompleteChainIds(Client& client, v1::EventFilter& filter);
Result<std::string> CompleteChainId(Client& client, const std::string& text);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_CHAIN_IDS_H_
