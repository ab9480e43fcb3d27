// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/filter.h"

#include <gtest/gtest.h>

#include "tests/unit/nestorctl/sample.h"
#include "tools/nestorctl/chain_ids.h"
#include "tools/nestorctl/chain_view.h"

namespace nestor::ctl {
namespace {

v1::ListChainsResponse Known(std::initializer_list<std::string> ids) {
  v1::ListChainsResponse response;
  for (const std::string& id : ids) {
    response.add_chains()->set_id(id);
    response.mutable_chains()->rbegin()->set_alive(true);
  }
  return response;
}

TEST(FilterTest, FlagsBecomeTheFilterOfTheProtocol) {
  FilterFlags flags;
  flags.types = {"exec", "verdict"};
  flags.chains = {"91C00001"};
  flags.pods = {"web-0", "web-1"};
  flags.namespaces = {"team-a"};
  flags.containers = {"main"};
  flags.since = "10m";

  const auto filter = ToProto(flags, sample::kNow);

  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->types_size(), 2);
  EXPECT_EQ(filter->chain_ids(0), "91c00001");
  EXPECT_EQ(filter->pods(1), "web-1");
  EXPECT_EQ(filter->namespaces(0), "team-a");
  EXPECT_EQ(filter->containers(0), "main");
  EXPECT_EQ(filter->since().seconds(), 1'790'000'000 - 600);
}

TEST(FilterTest, NoFlagsMatchEverything) {
  const auto filter = ToProto({}, sample::kNow);

  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->ByteSizeLong(), 0U);
}

TEST(FilterTest, ValuesThatCanNeverMatchAreRefused) {
  FilterFlags type, chain, since;
  type.types = {"exek"};
  chain.chains = {"12"};
  since.since = "tomorrow";

  EXPECT_EQ(ToProto(type, sample::kNow).error().message,
            "--type: unknown type `exek`; did you mean `exec`?");
  EXPECT_FALSE(ToProto(chain, sample::kNow));
  EXPECT_FALSE(ToProto(since, sample::kNow));
}

TEST(ChainIdsTest, TheEndOfAnIdIsEnough) {
  const auto known = Known({"00d14f2a91c00001", "00d14f2a91c00002"});

  EXPECT_EQ(*WholeChainId("0002", known), "00d14f2a91c00002");
  EXPECT_EQ(*WholeChainId("0123456789abcdef", known), "0123456789abcdef");  // may be forgotten
}

TEST(ChainIdsTest, TheStartOfAnIdIsEnoughWhenItIsTheOnlyOne) {
  EXPECT_EQ(*WholeChainId("00d1", Known({"00d14f2a91c00001"})), "00d14f2a91c00001");
}

TEST(ChainIdsTest, UnknownAndUnclearIdsAreErrors) {
  const auto known = Known({"00d14f2a91c00001", "00d14f2a91c10001"});

  EXPECT_EQ(WholeChainId("ffff", known).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(WholeChainId("0001", known).error().message,
            "several chains fit `0001`: 00d14f2a91c00001, 00d14f2a91c10001; write more digits");
}

TEST(ChainViewTest, ChangedChainsReplaceWhatWasTold) {
  ChainView view(false);
  view.Apply(Known({"a", "b"}), sample::kNow);
  v1::ListChainsResponse change = Known({"a"});
  change.mutable_chains(0)->set_origin("runtime-exec");
  view.Apply(change, sample::kNow);

  const auto chains = view.Chains(sample::kNow);

  ASSERT_EQ(chains.size(), 2U);
  EXPECT_EQ(chains[0].origin(), "runtime-exec");
}

TEST(ChainViewTest, EndedChainLingersThenGoes) {
  ChainView view(false);
  v1::ListChainsResponse ended = Known({"a"});
  view.Apply(ended, sample::kNow);
  ended.mutable_chains(0)->set_alive(false);
  view.Apply(ended, sample::kNow);

  EXPECT_EQ(view.Chains(sample::kNow + ChainView::kLinger).size(), 1U);
  EXPECT_TRUE(view.Chains(sample::kNow + 2 * ChainView::kLinger).empty());
}

TEST(ChainViewTest, EndedChainsStayWhenAllAreAskedFor) {
  ChainView view(true);
  v1::ListChainsResponse ended = Known({"a"});
  ended.mutable_chains(0)->set_alive(false);
  view.Apply(ended, sample::kNow);

  EXPECT_EQ(view.Chains(sample::kNow + std::chrono::hours(1)).size(), 1U);
}

TEST(ChainViewTest, EndedChainsAreBounded) {
  ChainView view(true);
  for (size_t number = 0; number < ChainView::kMostEnded + 20; ++number) {
    v1::ListChainsResponse ended = Known({std::to_string(number)});
    ended.mutable_chains(0)->set_alive(false);
    view.Apply(ended, sample::kNow + std::chrono::milliseconds(number));
  }

  EXPECT_EQ(view.Chains(sample::kNow + std::chrono::hours(1)).size(), ChainView::kMostEnded);
}

}  // namespace
}  // namespace nestor::ctl
