// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/chain_ids.h"

#include <vector>

namespace nestor::ctl {
namespace {

constexpr size_t kWholeDigits = 16;

Error SeveralFit(const std::string& text, const std::vector<std::string>& fitting) {
  constexpr size_t kShown = 4;
  std::string list;
  for (size_t index = 0; index < fitting.size() && index < kShown; ++index) {
    list += (list.empty() ? "" : ", ") + fitting[index];
  }
  if (fitting.size() > kShown) list += ", ...";
  return Error::InvalidArgument("several chains fit `" + text + "`: " + list +
                                "; write more digits");
}

}  // namespace

Result<std::string> WholeChainId(const std::string& text, const v1::ListChainsResponse& known) {
  if (text.size() == kWholeDigits) return text;
  std::vector<std::string> ending, starting;
  for (const v1::Chain& chain : known.chains()) {
    if (chain.id().ends_with(text)) ending.push_back(chain.id());
    if (chain.id().starts_with(text)) starting.push_back(chain.id());
  }
  const std::vector<std::string>& fitting = ending.empty() ? starting : ending;
  if (fitting.empty()) {
    return Error::NotFound("no chain's id ends with `" + text +
                           "`; write all 16 digits for one that nestord has forgotten");
  }
  if (fitting.size() > 1) return SeveralFit(text, fitting);
  return fitting.front();
}

Result<std::string> CompleteChainId(Client& client, const std::string& text) {
  if (text.size() == kWholeDigits) return text;
  v1::ListChainsRequest request;
  request.set_include_ended(true);
  const auto known = client.ListChains(request);
  if (!known) return known.error();
  return WholeChainId(text, *known);
}

Status CompleteChainIds(Client& client, v1::EventFilter& filter) {
  for (std::string& id : *filter.mutable_chain_ids()) {
    auto whole = CompleteChainId(client, id);
    if (!whole) return whole.error();
    id = *std::move(whole);
  }
  return {};
}

}  // namespace nestor::ctl
