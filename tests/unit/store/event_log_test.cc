// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "agent/mask/masker.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

class EventLogTest : public ::testing::Test {
 protected:
  Masked<Event> Numbered(uint64_t seq, size_t cwd_bytes = 0) {
    Event event;
    event.seq = seq;
    event.process.cwd.assign(cwd_bytes, 'x');
    return masker_->Mask(std::move(event));
  }
  void Fill(EventLog& log, uint64_t from, uint64_t to) {
    for (uint64_t seq = from; seq <= to; ++seq) log.Append(Numbered(seq));
  }
  static std::vector<uint64_t> SeqsOf(const EventLog::Batch& batch) {
    std::vector<uint64_t> seqs;
    for (const auto& event : batch.events) seqs.push_back((*event)->seq);
    return seqs;
  }

  Result<Masker> masker_ = Masker::Create({.enabled_builtin = false, .extra_patterns = {}});
};

TEST_F(EventLogTest, EmptyLogGivesNothingAndTheSeqToGoOnWith) {
  EventLog log({});

  const EventLog::Batch batch = log.Read(0, 10, 0ms);

  EXPECT_TRUE(batch.events.empty());
  EXPECT_EQ(batch.next_seq, 1u);
  EXPECT_EQ(batch.missed, 0u);
  EXPECT_FALSE(batch.closed);
  EXPECT_EQ(log.first_seq(), 1u);
}

TEST_F(EventLogTest, ReadsInOrderAndInBatches) {
  EventLog log({});
  Fill(log, 1, 5);

  const EventLog::Batch first = log.Read(0, 3, 0ms);
  const EventLog::Batch rest = log.Read(first.next_seq, 3, 0ms);

  EXPECT_THAT(SeqsOf(first), ::testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(SeqsOf(rest), ::testing::ElementsAre(4, 5));
  EXPECT_EQ(rest.next_seq, 6u);
}

TEST_F(EventLogTest, CountBoundDropsTheOldestAndTellsALateReader) {
  EventLog log({.max_events = 3});
  Fill(log, 1, 10);

  const EventLog::Batch batch = log.Read(2, 10, 0ms);

  EXPECT_THAT(SeqsOf(batch), ::testing::ElementsAre(8, 9, 10));
  EXPECT_EQ(batch.missed, 6u);
  EXPECT_EQ(log.dropped(), 7u);
  EXPECT_EQ(log.first_seq(), 8u);
}

TEST_F(EventLogTest, ReaderThatWantsTheOldestMissedNothing) {
  EventLog log({.max_events = 3});
  Fill(log, 1, 10);

  EXPECT_EQ(log.Read(0, 10, 0ms).missed, 0u);
}

TEST_F(EventLogTest, ByteBoundCountsHeapBytesOfStrings) {
  EventLog log({.max_bytes = 1 << 20});
  for (uint64_t seq = 1; seq <= 10; ++seq) log.Append(Numbered(seq, 300 << 10));

  EXPECT_EQ(log.first_seq(), 8u);
}

TEST_F(EventLogTest, NewestEventStaysHoweverLarge) {
  EventLog log({.max_bytes = 1});
  Fill(log, 1, 2);

  EXPECT_THAT(SeqsOf(log.Read(0, 10, 0ms)), ::testing::ElementsAre(2));
}

TEST_F(EventLogTest, ReaderKeepsItsEventsAfterTheyLeftTheLog) {
  EventLog log({.max_events = 1});
  Fill(log, 1, 1);
  const EventLog::Batch batch = log.Read(0, 1, 0ms);
  Fill(log, 2, 5);

  EXPECT_THAT(SeqsOf(batch), ::testing::ElementsAre(1));
}

TEST_F(EventLogTest, WaitEndsAfterItsTimeWhenNothingComes) {
  EventLog log({});
  Fill(log, 1, 1);

  const EventLog::Batch batch = log.Read(2, 1, 5ms);

  EXPECT_TRUE(batch.events.empty());
  EXPECT_EQ(batch.next_seq, 2u);
}

TEST_F(EventLogTest, FlushWakesAWaitingReader) {
  EventLog log({});
  std::vector<uint64_t> seen;
  std::thread reader([&] { seen = SeqsOf(log.Read(1, 10, 60s)); });

  Fill(log, 1, 1);
  log.Flush();
  reader.join();

  EXPECT_THAT(seen, ::testing::ElementsAre(1));
}

TEST_F(EventLogTest, CloseEndsWaitsAndLeavesWhatIsLeftReadable) {
  EventLog log({});
  Fill(log, 1, 2);
  bool closed = false;
  std::thread reader([&] { closed = log.Read(3, 10, 60s).closed; });

  log.Close();
  reader.join();

  EXPECT_TRUE(closed);
  const EventLog::Batch left = log.Read(1, 1, 0ms);
  EXPECT_THAT(SeqsOf(left), ::testing::ElementsAre(1));
  EXPECT_FALSE(left.closed);
  EXPECT_TRUE(log.Read(left.next_seq, 1, 0ms).closed);
}

TEST_F(EventLogTest, ConcurrentReadersSeeEveryEventOrAreToldWhatTheyMissed) {
  constexpr uint64_t kEvents = 5000;
  EventLog log({.max_events = 64});
  const auto read_all = [&log] {
    uint64_t accounted = 0;
    for (uint64_t seq = 1;;) {
      const EventLog::Batch batch = log.Read(seq, 32, 1s);
      accounted += batch.missed + batch.events.size();
      seq = batch.next_seq;
      if (batch.closed) return accounted;
    }
  };
  uint64_t first = 0;
  uint64_t second = 0;
  std::thread one([&] { first = read_all(); });
  std::thread two([&] { second = read_all(); });

  for (uint64_t seq = 1; seq <= kEvents; ++seq) {
    log.Append(Numbered(seq));
    if (seq % 16 == 0) log.Flush();
  }
  log.Close();
  one.join();
  two.join();

  EXPECT_EQ(first, kEvents);
  EXPECT_EQ(second, kEvents);
}

TEST_F(EventLogTest, GapInSeqIsABrokenInvariant) {
  EventLog log({});
  Fill(log, 1, 1);

  EXPECT_DEATH(log.Append(Numbered(3)), "");
}

TEST_F(EventLogTest, WhatAReaderHasOrTheLogHasNotIsSettled) {
  EventLog log({.max_events = 4});
  Fill(log, 1, 4);
  EXPECT_EQ(log.settled(), 0u);

  log.NoteTold(3);
  log.NoteTold(2);
  EXPECT_EQ(log.settled(), 3u);

  Fill(log, 5, 9);
  EXPECT_EQ(log.settled(), 5u) << "of nine, the last four are kept";
}

}  // namespace
}  // namespace nestor
