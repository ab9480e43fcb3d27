// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_CHAIN_VIEW_H_
#define NESTOR_TOOLS_NESTORCTL_CHAIN_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/time_text.h"

namespace nestor::ctl {

// The chains that a WatchChains stream has told of, each as it was last told. A chain that ends
// stays for kLinger, so that its end can be seen; with `keep_ended` the last kMostEnded stay.
class ChainView {
 public:
  static constexpr std::chrono::seconds kLinger{10};
  static constexpr size_t kMostEnded = 500;

  explicit ChainView(bool keep_ended) : keep_ended_(keep_ended) {}

  void Apply(const v1::ListChainsResponse& changed, WallTime now);
  std::vector<v1::Chain> Chains(WallTime now);

 private:
  struct Entry {
    v1::Chain chain;
    WallTime ended;  // when the view learned of it; the epoch while it is alive
  };
  void Forget(WallTime now);

  bool keep_ended_;
  std::map<std::string, Entry> entries_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_CHAIN_VIEW_H_
