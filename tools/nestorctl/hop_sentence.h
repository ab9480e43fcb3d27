// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_HOP_SENTENCE_H_
#define NESTOR_TOOLS_NESTORCTL_HOP_SENTENCE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nestor/v1/nestor.pb.h"
#include "tools/nestorctl/line.h"

namespace nestor::ctl {

// What happened at a hop, as one sentence with the containers' names: "main:sshd[812] accepted tcp
// 10.0.3.7:51544 from sidecar:ssh[97]". Where the fields say too little, what nestord gave as
// evidence.
std::string HopSentence(const v1::ChainHop& hop);

// Every hop that is known, by its id: to tell what the candidates of an ambiguous one are. Refers
// to the chains that were added.
class KnownHops {
 public:
  void Add(const v1::Chain& chain);

  // "tcp from ci/build-7/job:socat[851], in the chain that began in ci/build-7/job
  // (container-entrypoint, 00939101)"; of one that is not known, its id.
  std::string Describe(const std::string& id) const;

 private:
  struct Place {
    const v1::ChainHop* hop;
    const v1::Chain* chain;
  };
  std::map<std::string, Place, std::less<>> places_;
};

// "2. tcp: ..." with how sure it is; below it a line for each candidate of an ambiguous one. None
// of them is named as the way that was taken.
std::vector<Line> HopLines(const v1::ChainHop& hop, int number, const KnownHops& known);

// It came through one of several hops, and nestord does not know through which.
bool IsAmbiguous(const v1::ChainHop& hop);

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_HOP_SENTENCE_H_
