// SPDX-License-Identifier: Apache-2.0
#include "agent/store/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
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

// Pods that share a log.
class SharedLogTest : public EventLogTest {
 protected:
  static constexpr size_t kSmall = 200;     // bytes of an event's text
  static constexpr size_t kLarge = 31'000;  // an exec with all arguments that are told

  void Add(EventLog& log, EventType type, const std::string& container, size_t bytes = kSmall) {
    Event event;
    event.seq = ++seq_;
    event.type = type;
    event.workload.container_id = container;
    event.process.cwd.assign(bytes, 'x');
    log.Append(masker_->Mask(std::move(event)));
  }
  void Add(EventLog& log, size_t count, EventType type, const std::string& container,
           size_t bytes = kSmall) {
    for (size_t i = 0; i < count; ++i) Add(log, type, container, bytes);
  }
  // All that is kept, read as a reader does; what was missed adds up to the rest.
  std::vector<std::shared_ptr<const Masked<Event>>> ReadAll(const EventLog& log) {
    std::vector<std::shared_ptr<const Masked<Event>>> all;
    uint64_t missed = 0;
    EventLog::Position at = 1;
    while (at.seq <= log.last_seq()) {
      const EventLog::Batch batch = log.Read(at, 100, 0ms);
      missed += batch.missed;
      EXPECT_EQ(std::accumulate(batch.missed_of.begin(), batch.missed_of.end(), uint64_t{0}),
                batch.missed);
      for (size_t in = 0; in < kEventClasses; ++in) missed_of_[in] += batch.missed_of[in];
      EXPECT_TRUE(!batch.events.empty()) << "the newest one is always kept";
      for (const auto& event : batch.events) {
        EXPECT_LT(all.empty() ? 0 : (*all.back())->seq, (*event)->seq);
        all.push_back(event);
      }
      at = batch.next();
    }
    EXPECT_EQ(all.size() + missed, seq_);
    EXPECT_EQ(all.size(), log.kept());
    EXPECT_EQ(missed, log.dropped());
    return all;
  }
  size_t Kept(const EventLog& log, EventType type, const std::string& container) {
    size_t count = 0;
    for (const auto& event : ReadAll(log))
      count += (*event)->type == type && (*event)->workload.container_id == container;
    return count;
  }

  uint64_t seq_ = 0;
  ClassCounts missed_of_{};
};

TEST_F(SharedLogTest, AFloodOfConnectsPushesOutNobodysVerdictsAndHops) {
  EventLog log({});
  Add(log, 16, EventType::kVerdict, "flooder");
  Add(log, 16, EventType::kVerdict, "other");
  Add(log, 16, EventType::kHop, "other");
  Add(log, 16, EventType::kTamper, "other");

  Add(log, 40'000, EventType::kConnect, "flooder");

  EXPECT_EQ(Kept(log, EventType::kVerdict, "flooder"), 16u);
  EXPECT_EQ(Kept(log, EventType::kVerdict, "other"), 16u);
  EXPECT_EQ(Kept(log, EventType::kHop, "other"), 16u);
  EXPECT_EQ(Kept(log, EventType::kTamper, "other"), 16u);
}

TEST_F(SharedLogTest, AFloodOfLargeExecsPushesOutNeitherVerdictsNorAnotherPodsExecs) {
  EventLog log({});
  Add(log, 16, EventType::kVerdict, "flooder");
  Add(log, 500, EventType::kExec, "other");
  Add(log, 500, EventType::kConnect, "other");

  Add(log, 3'000, EventType::kExec, "flooder", kLarge);

  EXPECT_EQ(Kept(log, EventType::kVerdict, "flooder"), 16u);
  EXPECT_EQ(Kept(log, EventType::kExec, "other"), 500u);
  EXPECT_EQ(Kept(log, EventType::kConnect, "other"), 500u);
  EXPECT_GT(Kept(log, EventType::kExec, "flooder"), 100u) << "what is free is used";
}

TEST_F(SharedLogTest, AFloodOfRefusalsCostsTheRefusedOneOnly) {
  EventLog log({});
  Add(log, 16, EventType::kVerdict, "other");
  Add(log, 16, EventType::kTamper, "flooder");
  Add(log, 200, EventType::kExec, "other");

  Add(log, 60'000, EventType::kVerdict, "flooder");

  EXPECT_EQ(Kept(log, EventType::kVerdict, "other"), 16u);
  EXPECT_EQ(Kept(log, EventType::kTamper, "flooder"), 16u);
  EXPECT_EQ(Kept(log, EventType::kExec, "other"), 200u);
}

TEST_F(SharedLogTest, LossesThatAFloodCausesPushOutNoHeartbeat) {
  EventLog log({});
  Add(log, EventType::kGap, "");
  Add(log, 100, EventType::kHeartbeat, "");

  Add(log, 60'000, EventType::kLoss, "");
  Add(log, 60'000, EventType::kConnect, "flooder");

  EXPECT_EQ(Kept(log, EventType::kGap, ""), 1u);
  EXPECT_EQ(Kept(log, EventType::kHeartbeat, ""), 100u);
}

TEST_F(SharedLogTest, ManyPodsThatFloodLeaveAQuietOneItsShare) {
  EventLog log({});
  Add(log, 10, EventType::kExec, "quiet");
  for (int round = 0; round < 300; ++round) {
    for (int pod = 0; pod < 100; ++pod)
      Add(log, EventType::kExec, "flooder-" + std::to_string(pod), 2'000);
  }

  EXPECT_EQ(Kept(log, EventType::kExec, "quiet"), 10u);
}

TEST_F(SharedLogTest, WhoOpensAHopPaysForIt) {
  EventLog log({.max_events = 100});
  const auto hop = [&](const std::string& from) {
    Event event;
    event.seq = ++seq_;
    event.type = EventType::kHop;
    event.workload.container_id = "server";
    event.hop = HopInfo{};
    event.hop->from.workload.container_id = from;
    log.Append(masker_->Mask(std::move(event)));
  };
  for (int i = 0; i < 10; ++i) hop("client");

  for (int i = 0; i < 1'000; ++i) hop("flooder");

  const auto all = ReadAll(log);
  EXPECT_EQ(std::ranges::count_if(all,
                                  [](const auto& event) {
                                    return (*event)->hop->from.workload.container_id == "client";
                                  }),
            10);
}

TEST_F(SharedLogTest, AClassUsesWhatTheOthersLeaveAndGivesItBack) {
  EventLog log({.max_events = 1'000});
  Add(log, 1'000, EventType::kHeartbeat, "");
  EXPECT_EQ(Kept(log, EventType::kHeartbeat, ""), 1'000u);

  Add(log, 10'000, EventType::kExec, "pod");
  EXPECT_EQ(Kept(log, EventType::kHeartbeat, ""), 375u) << "its part, and half of what is free";
  EXPECT_EQ(Kept(log, EventType::kExec, "pod"), 625u);

  for (const EventType type : {EventType::kConnect, EventType::kHop, EventType::kVerdict})
    Add(log, 10'000, type, "pod");
  EXPECT_EQ(Kept(log, EventType::kHeartbeat, ""), 150u);
  EXPECT_EQ(Kept(log, EventType::kExec, "pod"), 400u);
}

TEST_F(SharedLogTest, WhatIsMissedIsToldExactlyByClass) {
  EventLog log({.max_events = 100});
  Add(log, 300, EventType::kConnect, "a");
  Add(log, 200, EventType::kExec, "a");
  Add(log, 5, EventType::kVerdict, "a");
  Add(log, 300, EventType::kConnect, "b");
  const size_t connects = Kept(log, EventType::kConnect, "a") + Kept(log, EventType::kConnect, "b");
  const size_t execs = Kept(log, EventType::kExec, "a");
  missed_of_ = {};

  ReadAll(log);

  EXPECT_EQ(missed_of_[static_cast<size_t>(EventClass::kConnections)], 600 - connects);
  EXPECT_EQ(missed_of_[static_cast<size_t>(EventClass::kPrograms)], 200 - execs);
  EXPECT_EQ(missed_of_[static_cast<size_t>(EventClass::kVerdicts)], 0u);
}

TEST_F(SharedLogTest, ABatchEndsAtAGapAndSaysThatMoreIsKept) {
  EventLog log({.max_events = 10});
  Add(log, 2, EventType::kVerdict, "a");
  Add(log, 100, EventType::kExec, "a");

  const EventLog::Batch first = log.Read(1, 50, 0ms);
  const EventLog::Batch second = log.Read(first.next(), 50, 0ms);

  EXPECT_THAT(SeqsOf(first), ::testing::ElementsAre(1, 2));
  EXPECT_EQ(first.missed, 0u);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(second.missed, 92u);
  EXPECT_EQ(second.missed_of[static_cast<size_t>(EventClass::kPrograms)], 92u);
  EXPECT_THAT(SeqsOf(second), ::testing::ElementsAre(95, 96, 97, 98, 99, 100, 101, 102));
  EXPECT_FALSE(second.more);
}

TEST_F(SharedLogTest, APositionWithinAGapKnowsHowManyButNotOfWhat) {
  EventLog log({.max_events = 10});
  Add(log, 2, EventType::kVerdict, "a");
  Add(log, 100, EventType::kExec, "a");

  const EventLog::Batch batch = log.Read(50, 50, 0ms);

  EXPECT_EQ(batch.missed, 45u);
  EXPECT_EQ(batch.missed_of, ClassCounts{});
}

TEST_F(SharedLogTest, AReadUpToASeqThatIsNotKeptTellsWhatIsMissingUpToIt) {
  EventLog log({.max_events = 10});
  Add(log, 2, EventType::kVerdict, "a");
  Add(log, 100, EventType::kExec, "a");

  const EventLog::Batch batch = log.Read(3, 50, 0ms, 60);

  EXPECT_TRUE(batch.events.empty());
  EXPECT_EQ(batch.missed, 58u);
  EXPECT_EQ(batch.next_seq, 61u);
  EXPECT_FALSE(batch.more);
}

}  // namespace
}  // namespace nestor
