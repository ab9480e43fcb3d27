// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/seq_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace nestor::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SeqSetTest, NumbersInOrderAreOneRange) {
  SeqSet set;
  for (uint64_t seq = 5; seq <= 9; ++seq) set.Add({seq, seq});

  EXPECT_THAT(set.ranges(), ElementsAre(SeqRange{5, 9}));
  EXPECT_EQ(set.first(), 5u);
  EXPECT_EQ(set.last(), 9u);
}

TEST(SeqSetTest, WhatIsMissingIsNamedInOrder) {
  SeqSet set;
  set.Add({3, 4});
  set.Add({7, 7});

  EXPECT_THAT(set.Missing({1, 9}, 10), ElementsAre(SeqRange{1, 2}, SeqRange{5, 6}, SeqRange{8, 9}));
  EXPECT_THAT(set.Missing({1, 9}, 2), ElementsAre(SeqRange{1, 2}, SeqRange{5, 6}));
  EXPECT_THAT(set.Missing({3, 4}, 10), IsEmpty());
  EXPECT_THAT(set.Missing({6, 7}, 10), ElementsAre(SeqRange{6, 6}));
}

TEST(SeqSetTest, WhatIsInTwiceIsNamed) {
  SeqSet set;
  set.Add({3, 4});
  set.Add({7, 9});

  EXPECT_THAT(set.Common({4, 8}), ElementsAre(SeqRange{4, 4}, SeqRange{7, 8}));
  EXPECT_THAT(set.Common({5, 6}), IsEmpty());
}

TEST(SeqSetTest, IsTheSameAsASetOfNumbers) {
  std::mt19937 dice(1);  // the same in each run
  SeqSet set;
  std::set<uint64_t> plain;
  for (int round = 0; round < 300; ++round) {
    const uint64_t first = 1 + dice() % 200, last = first + dice() % 4;
    uint64_t common = 0;
    for (const SeqRange range : set.Common({first, last})) common += range.last - range.first + 1;
    uint64_t expected = 0;
    for (uint64_t seq = first; seq <= last; ++seq) expected += plain.insert(seq).second ? 0 : 1;
    EXPECT_EQ(common, expected);
    set.Add({first, last});
    uint64_t missing = 0;
    for (const SeqRange range : set.Missing({1, 204}, 1000))
      missing += range.last - range.first + 1;
    ASSERT_EQ(missing, 204 - plain.size());
  }
}

}  // namespace
}  // namespace nestor::ctl
