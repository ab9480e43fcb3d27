// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/agent_place.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

constexpr ProcessKey kUpper{1, 10}, kShell{2, 20}, kLower{3, 30};

AgentPlacePtr Upper(const std::string& name, AgentForm form) {
  return PlaceAgent({name, form}, kUpper, {}, nullptr);
}

TEST(AgentPlaceTest, TheFirstAgentOfAChainHasDepthOneAndNoneAboveIt) {
  const AgentPlacePtr place = Upper("claude", AgentForm::kProgram);

  EXPECT_EQ(place->depth, 1U);
  EXPECT_FALSE(place->above.known());
}

TEST(AgentPlaceTest, AnAgentBelowAnotherIsOneDeeperAndNamesIt) {
  const AgentPlacePtr place = PlaceAgent({"codex", AgentForm::kProgram}, kLower, kShell,
                                         Upper("claude", AgentForm::kProgram));

  EXPECT_EQ(place->depth, 2U);
  EXPECT_EQ(place->above, kUpper);
  EXPECT_EQ(place->above_name, "claude");
}

TEST(AgentPlaceTest, AnAgentThatStartsItselfAnewIsNested) {
  const AgentPlacePtr place = PlaceAgent({"claude", AgentForm::kProgram}, kLower, kUpper,
                                         Upper("claude", AgentForm::kProgram));

  EXPECT_EQ(place->depth, 2U);
}

TEST(AgentPlaceTest, WhatALauncherOrAServiceStartsIsItsOtherHalf) {
  for (const AgentForm form : {AgentForm::kLauncher, AgentForm::kService}) {
    const AgentPlacePtr place =
        PlaceAgent({"x", AgentForm::kScript}, kLower, kShell, Upper("x", form));

    EXPECT_EQ(place->depth, 1U);
    EXPECT_FALSE(place->above.known());
    EXPECT_EQ(PlaceAgent({"y", AgentForm::kScript}, kLower, kShell, Upper("x", form))->depth, 2U);
  }
}

TEST(AgentPlaceTest, AScriptsOwnExecutableIsItsOtherHalfOnlyAsItsChild) {
  const AgentPlacePtr script = Upper("codex", AgentForm::kScript);

  EXPECT_EQ(PlaceAgent({"codex", AgentForm::kProgram}, kLower, kUpper, script)->depth, 1U);
  EXPECT_EQ(PlaceAgent({"codex", AgentForm::kProgram}, kLower, kShell, script)->depth, 2U);
  EXPECT_EQ(PlaceAgent({"codex", AgentForm::kScript}, kLower, kUpper, script)->depth, 2U);
}

}  // namespace
}  // namespace nestor
