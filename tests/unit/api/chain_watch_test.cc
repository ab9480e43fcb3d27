// SPDX-License-Identifier: Apache-2.0
#include "agent/api/chain_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/api/samples.h"

namespace nestor {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ChainWatchTest : public ::testing::Test {
 protected:
  // The ids of each message that `watch` sends.
  static std::vector<std::vector<std::string>> Tell(ChainWatch& watch,
                                                    std::vector<ChainInfo> chains) {
    std::vector<std::vector<std::string>> sent;
    const bool alive =
        watch.Tell(Mask(std::move(chains)), [&sent](const v1::ListChainsResponse& message) {
          auto& ids = sent.emplace_back();
          for (const v1::Chain& chain : message.chains()) ids.push_back(chain.id());
          return true;
        });
    EXPECT_TRUE(alive);
    return sent;
  }

  static ChainInfo Ended(HopId id) {
    ChainInfo chain = SampleChain(id);
    chain.alive = false;
    return chain;
  }

  Result<Filter> all_ = Filter::Create({});
};

TEST_F(ChainWatchTest, TheFirstTurnSendsWhatThereIs) {
  ChainWatch watch(*all_, false);

  const auto sent = Tell(watch, {SampleChain(1), SampleChain(2)});

  EXPECT_THAT(sent, ElementsAre(ElementsAre("0000000000000001", "0000000000000002")));
}

TEST_F(ChainWatchTest, NothingIsAlsoSaidOnce) {
  ChainWatch watch(*all_, false);

  EXPECT_THAT(Tell(watch, {}), ElementsAre(IsEmpty()));
  EXPECT_THAT(Tell(watch, {}), IsEmpty());
}

TEST_F(ChainWatchTest, OnlyWhatChangedIsSentAgain) {
  ChainWatch watch(*all_, false);
  Tell(watch, {SampleChain(1), SampleChain(2)});
  ChainInfo grown = SampleChain(2);
  grown.processes.push_back(grown.processes[0]);

  EXPECT_THAT(Tell(watch, {SampleChain(1), SampleChain(2)}), IsEmpty());
  EXPECT_THAT(Tell(watch, {SampleChain(1), grown}), ElementsAre(ElementsAre("0000000000000002")));
  EXPECT_THAT(Tell(watch, {SampleChain(1), grown}), IsEmpty());
}

TEST_F(ChainWatchTest, TheEndOfAKnownChainIsToldOnce) {
  ChainWatch watch(*all_, false);
  Tell(watch, {SampleChain(1)});

  EXPECT_THAT(Tell(watch, {Ended(1), Ended(2)}), ElementsAre(ElementsAre("0000000000000001")));
  EXPECT_THAT(Tell(watch, {Ended(1), Ended(2)}), IsEmpty());
}

TEST_F(ChainWatchTest, EndedChainsAreSentToThoseWhoAsk) {
  ChainWatch watch(*all_, true);

  EXPECT_THAT(Tell(watch, {Ended(1)}), ElementsAre(ElementsAre("0000000000000001")));
}

TEST_F(ChainWatchTest, AChainThatLeftAndCameBackIsSentAgain) {
  ChainWatch watch(*all_, false);
  Tell(watch, {SampleChain(1)});
  Tell(watch, {});

  EXPECT_THAT(Tell(watch, {SampleChain(1)}), ElementsAre(ElementsAre("0000000000000001")));
}

TEST_F(ChainWatchTest, WhatTheFilterKeepsBackIsNotSent) {
  v1::EventFilter proto;
  proto.add_chain_ids("71c2");
  const Result<Filter> filter = Filter::Create(proto);
  ChainWatch watch(*filter, false);

  EXPECT_THAT(Tell(watch, {SampleChain(1), SampleChain(kChainId)}),
              ElementsAre(ElementsAre("71c2000000000001")));
}

TEST_F(ChainWatchTest, ManyChainsComeInSeveralMessages) {
  ChainWatch watch(*all_, false);
  ChainInfo large = SampleChain();
  large.processes[0].process.cwd.assign(100'000, 'x');
  std::vector<ChainInfo> chains(9, large);
  for (size_t i = 0; i < chains.size(); ++i) chains[i].id = i + 1;

  const auto sent = Tell(watch, std::move(chains));

  EXPECT_THAT(sent, SizeIs(3));
  EXPECT_THAT(sent, Each(SizeIs(3)));
}

TEST_F(ChainWatchTest, EndsWhenTheClientIsGone) {
  ChainWatch watch(*all_, false);

  const bool alive = watch.Tell(Mask(std::vector<ChainInfo>{SampleChain()}),
                                [](const v1::ListChainsResponse&) { return false; });

  EXPECT_FALSE(alive);
}

}  // namespace
}  // namespace nestor
