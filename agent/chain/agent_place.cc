// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/agent_place.h"

namespace nestor {
namespace {

bool IsOtherHalf(const AgentMatch& match, ProcessKey parent, const AgentPlace& above) {
  if (match.name != above.name) return false;
  switch (above.form) {
    case AgentForm::kLauncher:
    case AgentForm::kService:
      return true;
    case AgentForm::kScript:  // a script whose real program is an executable beside it
      return match.form == AgentForm::kProgram && parent == above.process;
    case AgentForm::kProgram:
    case AgentForm::kContainer:
      return false;
  }
  return false;
}

}  // namespace

AgentPlacePtr PlaceAgent(const AgentMatch& match, ProcessKey self, ProcessKey parent,
                         const AgentPlacePtr& above) {
  AgentPlace place{self, match.name, match.form, 1, {}, ""};
  if (above && IsOtherHalf(match, parent, *above)) {
    place.depth = above->depth;
    place.above = above->above;
    place.above_name = above->above_name;
  } else if (above) {
    place.depth = above->depth + 1;
    place.above = above->process;
    place.above_name = above->name;
  }
  return std::make_shared<const AgentPlace>(std::move(place));
}

}  // namespace nestor
