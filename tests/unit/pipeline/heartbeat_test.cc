// SPDX-License-Identifier: Apache-2.0
// What a start of nestord signs, from its first event to its last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "agent/beat/heart.h"
#include "agent/beat/signed_bytes.h"
#include "agent/pipeline/pipeline.h"
#include "tests/unit/beat/sample_beats.h"
#include "tests/unit/pipeline/quiet_node.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class HeartbeatTest : public ::testing::Test {
 protected:
  // A whole life: start, and an end at once. What it told.
  std::vector<Event> Live(LastBeat last, Status (*write)(const HeartbeatInfo&) = nullptr) {
    PipelineOptions options;
    std::unique_ptr<Keeper> keeper;
    if (write) keeper = std::make_unique<Keeper>(write, [this](const Error&) { ++complaints_; });
    options.heart = std::make_shared<Heart>(HeartOptions{"node-a", "b00t", 100, 1'000'000'000'000},
                                            sample::Key(), std::move(last), std::move(keeper));
    options.signer = {"/state", sample::kKeyId, sample::kPublicPem, write != nullptr, "is full"};
    pipeline_ = node_.MakePipeline(std::move(options));
    EXPECT_TRUE(pipeline_->Start(std::make_shared<PolicySet>()).ok());
    std::thread thread([this] { EXPECT_TRUE(pipeline_->Run().ok()); });
    status_ = pipeline_->GetStatus();
    if (before_stop_) before_stop_();
    pipeline_->Stop();
    node_.kernel.source.Wake();
    thread.join();
    std::vector<Event> events;
    for (const auto& event : pipeline_->events().Read(1, 100, milliseconds(0)).events) {
      events.push_back(**event);
    }
    return events;
  }

  QuietNode node_;
  std::unique_ptr<Pipeline> pipeline_;
  NodeStatus status_;  // while it ran
  std::function<void()> before_stop_;
  std::atomic<int> complaints_{0};  // each after its failure was counted
};

TEST_F(HeartbeatTest, AStartTellsItsGapAndBeatsAtOnceAndAtItsEnd) {
  const std::vector<Event> events = Live({kEarlierKnown, sample::Beat(), ""});

  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].type, EventType::kGap);
  EXPECT_EQ(events[1].type, EventType::kHeartbeat);
  EXPECT_EQ(events[2].type, EventType::kHeartbeat);
  const GapInfo& gap = *events[0].gap;
  const HeartbeatInfo& first = *events[1].heartbeat;
  const HeartbeatInfo& last = *events[2].heartbeat;
  EXPECT_EQ(gap.previous_number, sample::Beat().number);
  EXPECT_EQ(first.previous, Sha256Hex(SignedBytes(gap)));
  EXPECT_EQ(first.first_seq, 1u);
  EXPECT_EQ(first.last_seq, events[1].seq);
  EXPECT_FALSE(first.final);
  EXPECT_EQ(last.previous, Sha256Hex(SignedBytes(first)));
  EXPECT_EQ(last.last_seq, events[2].seq);
  EXPECT_TRUE(last.final);
  const PublicKey key = sample::Key().public_key();
  EXPECT_TRUE(key.Holds(SignedBytes(gap), gap.signature));
  EXPECT_TRUE(key.Holds(SignedBytes(last), last.signature));
}

TEST_F(HeartbeatTest, ItsTimesAreThoseOfTheEvent) {
  for (const Event& event : Live({kEarlierNone, {}, ""})) {
    EXPECT_EQ(event.gap ? event.gap->boot_ns : event.heartbeat->boot_ns, event.boot_ns);
    EXPECT_EQ(event.gap ? event.gap->time_ns : event.heartbeat->time_ns, event.time_ns);
  }
}

TEST_F(HeartbeatTest, TheGapSaysWhatTheKernelKeptAndLost) {
  node_.kernel.inherited.continued = true;
  node_.kernel.lost = {{1, "ring-bulk", 3, 30}, {1, "program-missed", 4, 4}};

  const std::vector<Event> events = Live({kEarlierNone, {}, ""});

  EXPECT_EQ(events[0].gap->kernel, kKernelKept);
  EXPECT_EQ(events[0].gap->losses, 7u);
  ASSERT_GE(events.size(), 4u);
  EXPECT_EQ(events[1].loss->where, "program-missed");
  EXPECT_EQ(events.back().heartbeat->losses, 34u) << "all that loss events told";
}

TEST_F(HeartbeatTest, AnotherBuildAndNothingAreDifferentWords) {
  node_.kernel.inherited.lost = true;
  EXPECT_EQ(Live({kEarlierNone, {}, ""})[0].gap->kernel, kKernelReplaced);
  node_.kernel.inherited.lost = false;
  EXPECT_EQ(Live({kEarlierNone, {}, ""})[0].gap->kernel, kKernelNothing);
}

TEST_F(HeartbeatTest, AnAlteredLastHeartbeatIsTampering) {
  const std::vector<Event> events = Live({kEarlierNotOurs, {}, "its signature does not hold"});

  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].gap->earlier, kEarlierNotOurs);
  EXPECT_EQ(events[1].type, EventType::kTamper);
  EXPECT_EQ(events[1].tamper->what, "heartbeat-file");
  EXPECT_EQ(events[1].tamper->detail,
            "the last heartbeat in /state is not as nestord left it: its signature does not hold");
}

TEST_F(HeartbeatTest, ADirectoryThatCanNotBeUsedIsAMissingCapabilityAndNoMore) {
  Live({kEarlierUnusable, {}, "is full"});

  const auto found = std::ranges::find(status_.capabilities, "node-key", &Capability::name);
  ASSERT_NE(found, status_.capabilities.end());
  EXPECT_FALSE(found->available);
  EXPECT_FALSE(found->required);
  EXPECT_EQ(found->detail, "is full");
  EXPECT_EQ(status_.signer.key_id, sample::kKeyId);
  EXPECT_EQ(pipeline_->events().last_seq(), 3u);
}

TEST_F(HeartbeatTest, OneThatCanBeUsedIsThere) {
  Live({kEarlierNone, {}, ""}, [](const HeartbeatInfo&) { return Status(); });

  const auto found = std::ranges::find(status_.capabilities, "node-key", &Capability::name);
  ASSERT_NE(found, status_.capabilities.end());
  EXPECT_TRUE(found->available);
  EXPECT_EQ(found->detail, "/state, key 06e3fd8fda29bb60");
}

TEST_F(HeartbeatTest, WhatTheDiskDoesNotTakeIsALoss) {
  before_stop_ = [this] {
    while (complaints_ == 0) std::this_thread::yield();
  };

  const std::vector<Event> events =
      Live({kEarlierNone, {}, ""},
           [](const HeartbeatInfo&) -> Status { return Error::Internal("full"); });

  EXPECT_TRUE(std::ranges::any_of(events, [](const Event& event) {
    return event.loss && event.loss->where == "heartbeat-file";
  }));
}

}  // namespace
}  // namespace nestor
