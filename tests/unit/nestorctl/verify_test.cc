// SPDX-License-Identifier: Apache-2.0
// Recordings as nestord and nestorctl make them, whole and harmed.
#include "tools/nestorctl/verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <sstream>

#include "agent/api/convert.h"
#include "agent/beat/heart.h"
#include "tests/unit/api/samples.h"
#include "tests/unit/beat/sample_beats.h"
#include "tools/nestorctl/json.h"
#include "tools/nestorctl/verify/report.h"

namespace nestor::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr uint64_t kSecond = 1'000'000'000;

// One start of nestord on node-a, second by second; its lines are those of `nestorctl events`.
class Recorder {
 public:
  explicit Recorder(uint64_t instance, LastBeat last = {kEarlierNone, {}, ""},
                    const SigningKey& key = sample::Key())
      : now_ns_(instance),
        heart_(std::make_unique<Heart>(HeartOptions{"node-a", "b00t", instance, 10 * kSecond}, key,
                                       std::move(last), nullptr)) {
    Event event = Next(EventType::kGap);
    event.gap = heart_->MakeGap({event.boot_ns, event.time_ns}, kKernelKept, 0);
    Write(std::move(event));
  }

  void Events(int count) {
    for (int i = 0; i < count; ++i) Write(Next(EventType::kExec));
  }
  void Beat(bool final = false) {
    Event event = Next(EventType::kHeartbeat);
    last_.beat = heart_->Beat({event.boot_ns, event.time_ns}, event.seq, 0, final);
    event.heartbeat = last_.beat;
    Write(std::move(event));
  }
  void Pause(uint64_t seconds) { now_ns_ += seconds * kSecond; }

  // What the next start finds.
  LastBeat last() const { return {kEarlierKnown, last_.beat, ""}; }
  uint64_t now_ns() const { return now_ns_; }

  Lines lines;

 private:
  Event Next(EventType type) {
    Event event = BareEvent(type, type == EventType::kExec ? kChainId : 0);
    event.seq = ++seq_;
    event.boot_ns = now_ns_ += kSecond;
    event.time_ns = 1'700'000'000 * kSecond + event.boot_ns;
    return event;
  }
  void Write(Event event) {
    v1::Event out;
    ToProto(Mask(std::move(event)), {"node-a", "b00t"}, &out);
    lines.push_back(*ToJsonLine(out));
  }

  uint64_t now_ns_;
  uint64_t seq_ = 0;
  std::unique_ptr<Heart> heart_;
  LastBeat last_;
};

// 1 gap, 2-4, 5 beat, 6-8, 9 beat, 10-12, 13 final.
Recorder OneStart() {
  Recorder one(100 * kSecond);
  for (const bool final : {false, false, true}) {
    one.Events(3);
    one.Beat(final);
  }
  return one;
}

Result<Verified> VerifyAll(const Lines& lines, const SigningKey& key = sample::Key()) {
  std::stringstream text;
  for (const std::string& line : lines) text << line << "\n";
  Verifier verifier({key.public_key()});
  if (Status read = VerifyLines(text, verifier); !read) return read.error();
  return verifier.Finish();
}

// The words of what does not hold.
std::vector<std::string> Broken(const Lines& lines) {
  const auto verified = VerifyAll(lines);
  EXPECT_TRUE(verified) << verified.error().message;
  std::vector<std::string> words;
  if (!verified) return words;
  for (const Finding& finding : verified->findings) {
    if (!finding.note) words.push_back(finding.what);
  }
  EXPECT_EQ(verified->holds(), words.empty());
  return words;
}

std::vector<std::string> Notes(const Lines& lines) {
  std::vector<std::string> words;
  const auto verified = VerifyAll(lines);
  for (const Finding& finding : verified->findings) {
    if (finding.note) words.push_back(finding.what);
  }
  return words;
}

std::string WhyBad(const Lines& lines) {
  const auto verified = VerifyAll(lines);
  return verified ? "" : verified.error().message;
}

Lines Without(Lines lines, size_t index) {
  lines.erase(lines.begin() + static_cast<ptrdiff_t>(index));
  return lines;
}

Lines And(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Lines Part(const Lines& lines, size_t from, size_t to) {
  return {lines.begin() + static_cast<ptrdiff_t>(from), lines.begin() + static_cast<ptrdiff_t>(to)};
}

void Replace(std::string& line, const std::string& from, const std::string& to) {
  const size_t at = line.find(from);
  ASSERT_NE(at, std::string::npos) << from << " in " << line;
  line.replace(at, from.size(), to);
}

TEST(VerifyTest, AWholeRecordingHolds) {
  const auto verified = VerifyAll(OneStart().lines);

  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->holds());
  EXPECT_EQ(verified->events, 13u);
  ASSERT_EQ(verified->starts.size(), 1u);
  EXPECT_EQ(verified->starts[0].heartbeats, 3u);
  EXPECT_EQ(verified->starts[0].seqs, (SeqRange{1, 13}));
  EXPECT_EQ(verified->uncovered, 0u);
}

TEST(VerifyTest, ARecordingMayBeginWithAnyEvent) {
  const Lines lines = OneStart().lines;
  for (size_t first = 0; first + 1 < lines.size(); ++first) {
    EXPECT_THAT(Broken(Part(lines, first, lines.size())), IsEmpty()) << "from line " << first;
  }
}

// Where it ends nothing can be said of what came then; it is counted.
TEST(VerifyTest, WhatNoHeartbeatCoversYetIsCounted) {
  const auto verified = VerifyAll(Part(OneStart().lines, 0, 7));

  EXPECT_TRUE(verified->holds());
  EXPECT_EQ(verified->uncovered, 2u);
}

TEST(VerifyTest, AnyLineThatIsMissingInTheMiddleIsFound) {
  const Lines lines = OneStart().lines;
  for (size_t index = 1; index + 1 < lines.size(); ++index) {
    EXPECT_THAT(Broken(Without(lines, index)), testing::Contains("missing")) << "line " << index;
  }
}

TEST(VerifyTest, AMissingLineIsNamed) {
  const auto verified = VerifyAll(Without(OneStart().lines, 6));

  ASSERT_EQ(verified->broken, 1u);
  const Finding& finding = verified->findings.back();
  EXPECT_EQ(finding.seqs, (SeqRange{7, 7}));
  EXPECT_EQ(finding.detail, "seq 7: not in the recording");
}

TEST(VerifyTest, ALineThatIsThereTwiceIsFoundAndNamed) {
  Lines lines = OneStart().lines;
  lines.insert(lines.begin() + 6, lines[6]);

  const auto verified = VerifyAll(lines);

  const auto found = std::ranges::find(verified->findings, "repeated", &Finding::what);
  ASSERT_NE(found, verified->findings.end());
  EXPECT_EQ(found->seqs, (SeqRange{7, 7}));
}

TEST(VerifyTest, LinesInAnotherOrderAreNotedWhenNothingIsMissing) {
  Lines lines = OneStart().lines;
  std::swap(lines[5], lines[6]);

  EXPECT_THAT(Broken(lines), IsEmpty());
  EXPECT_THAT(Notes(lines), testing::Contains("unordered"));
}

// Each signed field in turn, on a line where it stands once.
TEST(VerifyTest, AnyAlteredFieldOfAHeartbeatIsFound) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"\"node\":\"node-a\"", "\"node\":\"node-b\""},
      {"\"boot_id\":\"b00t\"", "\"boot_id\":\"b001\""},
      {"\"instance\":\"100", "\"instance\":\"101"},
      {"\"number\":\"2\"", "\"number\":\"3\""},
      {"\"first_seq\":\"6\"", "\"first_seq\":\"7\""},
      {"\"last_seq\":\"9\"", "\"last_seq\":\"8\""},
      {"\"losses\":\"0\"", "\"losses\":\"1\""},
      {"\"interval_ns\":\"1", "\"interval_ns\":\"2"},
      {"\"boot_ns\":\"1", "\"boot_ns\":\"2"},
      {"\"time_ns\":\"1", "\"time_ns\":\"2"},
      {"\"final\":false", "\"final\":true"},
      {"\"previous\":\"", "\"previous\":\"0"},
      {"\"signature\":\"", "\"signature\":\"AAAA"}};
  for (const auto& [from, to] : changes) {
    Lines lines = OneStart().lines;
    std::string& line = lines[8];
    const size_t signed_part = line.find("\"heartbeat\":");
    std::string inner = line.substr(signed_part);
    Replace(inner, from, to);
    line = line.substr(0, signed_part) + inner;

    const auto verified = VerifyAll(lines);

    EXPECT_TRUE(!verified || !verified->holds()) << from;
    if (from.find("signature") == std::string::npos) {
      ASSERT_TRUE(verified) << verified.error().message;
      EXPECT_EQ(verified->findings[0].what, "signature") << from;
      EXPECT_EQ(verified->findings[0].line, 9u);
    }
  }
}

TEST(VerifyTest, AnotherSignatureDoesNotHold) {
  Lines lines = OneStart().lines;
  std::string& line = lines[8];
  const size_t at = line.find("\"signature\":\"") + 13;
  line[at] = line[at] == 'A' ? 'B' : 'A';

  EXPECT_THAT(Broken(lines), testing::Contains("signature"));
}

TEST(VerifyTest, WhatAnEventSaysBesideItsSignedPartMustAgree) {
  Lines lines = OneStart().lines;
  Replace(lines[8], "\"type\":\"heartbeat\"", "\"type\":\"exec\"");
  EXPECT_THAT(Broken(lines), ElementsAre("altered"));

  lines = OneStart().lines;
  Replace(lines[6], "\"type\":\"exec\"", "\"type\":\"heartbeat\"");
  EXPECT_THAT(Broken(lines), ElementsAre("altered"));
}

TEST(VerifyTest, AnAlteredGapIsFound) {
  Lines lines = OneStart().lines;
  Replace(lines[0], "\"kernel\":\"kept\"", "\"kernel\":\"nothing\"");

  EXPECT_THAT(Broken(lines), testing::Contains("signature"));
}

TEST(VerifyTest, AnotherKeyIsToldOnce) {
  const auto verified = VerifyAll(OneStart().lines, sample::OtherKey());

  EXPECT_FALSE(verified->holds());
  EXPECT_EQ(std::ranges::count(verified->findings, "other-key", &Finding::what), 1);
  EXPECT_EQ(verified->broken, 4u) << "a gap and three heartbeats";
}

TEST(VerifyTest, WithoutAHeartbeatNothingHolds) {
  EXPECT_THAT(Broken(Part(OneStart().lines, 1, 4)), ElementsAre("missing"));
}

TEST(VerifyTest, ALateHeartbeatIsTold) {
  Recorder one(100 * kSecond);
  one.Beat();
  one.Pause(19);
  one.Beat();
  EXPECT_THAT(Broken(one.lines), IsEmpty()) << "20 s are two intervals";
  one.Pause(20);
  one.Beat();
  EXPECT_THAT(Broken(one.lines), ElementsAre("late"));
}

TEST(VerifyTest, HeartbeatsThatStopWhileEventsGoOnAreTold) {
  Recorder one(100 * kSecond);
  one.Beat();
  one.Events(20);
  EXPECT_THAT(Broken(one.lines), IsEmpty());
  one.Events(1);
  EXPECT_THAT(Broken(one.lines), ElementsAre("late"));
}

TEST(VerifyTest, NothingComesAfterTheFinalOne) {
  Recorder one = OneStart();
  one.Events(1);
  EXPECT_THAT(Broken(one.lines), ElementsAre("after-end"));
}

TEST(VerifyTest, AStartAfterAKillFollowsTheOneBefore) {
  Recorder one(100 * kSecond);
  one.Events(2);
  one.Beat();
  Recorder two(one.now_ns() + kSecond, one.last());
  two.Beat();

  const auto verified = VerifyAll(And(one.lines, two.lines));

  EXPECT_TRUE(verified->holds());
  ASSERT_EQ(verified->starts.size(), 2u);
  EXPECT_EQ(verified->starts[1].gap->ending, kEndedKilled);
}

TEST(VerifyTest, TheEndOfAStartThatTheNextOneKnowsOfMustBeThere) {
  Recorder one = OneStart();
  Recorder two(one.now_ns(), one.last());
  two.Beat();

  EXPECT_THAT(Broken(And(one.lines, two.lines)), IsEmpty());
  const auto verified = VerifyAll(And(Part(one.lines, 0, 7), two.lines));
  ASSERT_EQ(verified->broken, 1u);
  EXPECT_EQ(verified->findings.back().what, "missing");
  EXPECT_EQ(verified->findings.back().seqs, (SeqRange{8, 13}));
}

TEST(VerifyTest, AStartThatIsNotInTheRecordingIsMissed) {
  Recorder one = OneStart();
  Recorder two(one.now_ns(), one.last());
  two.Beat(true);
  Recorder three(two.now_ns(), two.last());
  three.Beat();

  EXPECT_THAT(Broken(And(And(one.lines, two.lines), three.lines)), IsEmpty());
  EXPECT_THAT(Broken(And(one.lines, three.lines)), ElementsAre("start-missing"));
}

TEST(VerifyTest, AGapThatIsTakenAwayIsMissed) {
  Recorder one = OneStart();
  Recorder two(one.now_ns(), one.last());
  two.Events(1);
  two.Beat();

  EXPECT_THAT(Broken(And(one.lines, Without(two.lines, 0))), testing::Contains("missing"));
}

TEST(VerifyTest, AStateThatWasRemovedIsTold) {
  Recorder one = OneStart();
  Recorder two(one.now_ns());
  two.Beat();

  EXPECT_THAT(Broken(And(one.lines, two.lines)), ElementsAre("state-removed"));
  EXPECT_THAT(Broken(two.lines), IsEmpty());
}

TEST(VerifyTest, AStateThatWasPutBackIsTold) {
  Recorder one(100 * kSecond);
  std::vector<LastBeat> kept;
  for (int i = 0; i < 3; ++i) {
    one.Beat();
    kept.push_back(one.last());
  }
  const auto next_with = [&](const LastBeat& last) {
    Recorder two(one.now_ns(), last);
    two.Beat();
    return And(one.lines, two.lines);
  };

  EXPECT_THAT(Broken(next_with(kept[2])), IsEmpty());
  EXPECT_THAT(Broken(next_with(kept[1])), IsEmpty()) << "the last one may not be on the disk yet";
  EXPECT_THAT(Notes(next_with(kept[1])), testing::Contains("unwritten"));
  EXPECT_THAT(Broken(next_with(kept[0])), ElementsAre("state-behind"));
}

TEST(VerifyTest, AnAlteredStateIsTold) {
  Recorder one(100 * kSecond, {kEarlierNotOurs, {}, ""});
  one.Beat();
  EXPECT_THAT(Broken(one.lines), ElementsAre("state-altered"));

  Recorder other(100 * kSecond, {kEarlierUnusable, {}, ""});
  other.Beat();
  EXPECT_THAT(Broken(other.lines), IsEmpty());
}

// As `nestorctl events --from-seq 1` tells a reader that came too late.
TEST(VerifyTest, WhatNestordHadNotKeptIsAccountedFor) {
  v1::Event missed;
  MissedToProto(2, 2, "hops", {"node-a", "b00t"}, &missed);
  Lines lines = OneStart().lines;
  lines[6] = *ToJsonLine(missed);
  EXPECT_THAT(Broken(Without(lines, 5)), IsEmpty());
  EXPECT_THAT(Notes(Without(lines, 5)), testing::Contains("not-kept"));
  EXPECT_EQ(VerifyAll(Without(lines, 5))->not_kept, 2u);
  EXPECT_THAT(Broken(Without(Without(lines, 7), 5)), ElementsAre("missing")) << "three are gone";
}

TEST(VerifyTest, AHeartbeatThatNestordHadNotKeptIsAccountedForToo) {
  v1::Event missed;
  MissedToProto(3, 3, "", {"node-a", "b00t"}, &missed);
  const Lines lines = OneStart().lines;
  const Lines late = And(And(Part(lines, 0, 6), {*ToJsonLine(missed)}), Part(lines, 9, 13));

  EXPECT_THAT(Broken(late), IsEmpty());
}

TEST(VerifyTest, ALaterStartMayBeReadTooLateAsWell) {
  Recorder one = OneStart();
  Recorder two(one.now_ns(), one.last());
  two.Events(2);
  two.Beat();
  v1::Event missed;
  MissedToProto(2, 2, "hops", {"node-a", "b00t"}, &missed);
  const Lines late = And(And(one.lines, {*ToJsonLine(missed)}), Part(two.lines, 2, 4));

  EXPECT_THAT(Broken(late), IsEmpty());
  EXPECT_THAT(Broken(Without(late, one.lines.size())), ElementsAre("missing"));
}

TEST(VerifyTest, RecordingsMayFollowEachOther) {
  const Lines lines = OneStart().lines;
  EXPECT_THAT(Broken(And(Part(lines, 0, 6), Part(lines, 6, 13))), IsEmpty());
  EXPECT_THAT(Broken(And(Part(lines, 0, 5), Part(lines, 6, 13))), ElementsAre("missing"));
}

TEST(VerifyTest, WhatIsNoRecordingIsRefusedWithItsLine) {
  const Lines lines = OneStart().lines;
  EXPECT_EQ(WhyBad({}), "there is no event in it");
  EXPECT_EQ(WhyBad({lines[0], "", "nonsense"}), "line 3: is no JSON object");
  EXPECT_EQ(WhyBad({"[1]"}), "line 1: is no JSON object");
  EXPECT_EQ(WhyBad({"{}"}), "line 1: `seq` is missing");
  Lines wrong = lines;
  Replace(wrong[4], "\"number\":\"1\"", "\"number\":\"one\"");
  EXPECT_EQ(WhyBad(wrong), "line 5: `heartbeat.number` is no number");
  wrong = lines;
  Replace(wrong[4], "\"final\":false", "\"final\":0");
  EXPECT_EQ(WhyBad(wrong), "line 5: `heartbeat.final` is neither true nor false");
  wrong = lines;
  Replace(wrong[4], "\"signature\":\"", "\"signature\":\"*");
  EXPECT_EQ(WhyBad(wrong), "line 5: `heartbeat.signature` is no signature in base64");
  wrong = lines;
  Replace(wrong[3], "\"seq\":\"4\"", "\"seq\":\"18446744073709551615\"");
  EXPECT_EQ(WhyBad(wrong), "line 4: `seq` is no seq of nestord");
  wrong = lines;
  Replace(wrong[3], "\"seq\":\"4\"", "\"seq\":\"0\"");
  EXPECT_EQ(WhyBad(wrong), "line 4: `seq` is 0");
  wrong = lines;
  Replace(wrong[3], "\"node\":\"node-a\"", "\"node\":\"node-b\"");
  EXPECT_THAT(WhyBad(wrong), HasSubstr("line 4: is of node `node-b`"));
}

TEST(VerifyTest, AFieldThatIsNotKnownIsPassedOver) {
  Lines lines = OneStart().lines;
  Replace(lines[4], "\"heartbeat\":{", "\"news\":[{}],\"heartbeat\":{\"more\":1,");
  EXPECT_THAT(Broken(lines), IsEmpty());
}

TEST(VerifyTest, FaultsBeyondTheLimitAreCounted) {
  Recorder one(100 * kSecond);
  Lines some;
  for (uint64_t i = 0; i < 2100; ++i) one.Beat();
  for (size_t i = 0; i < one.lines.size(); i += 2) some.push_back(one.lines[i]);

  const auto verified = VerifyAll(some);

  EXPECT_EQ(verified->findings.size(), Verifier::kMostFindings);
  EXPECT_GT(verified->broken, Verifier::kMostFindings);
}

std::string Text(const Lines& lines) { return Render(RenderVerified(*VerifyAll(lines)), 0, false); }

TEST(VerifyTest, TheReportIsShort) {
  Recorder one(100 * kSecond);
  one.Events(2);
  one.Beat();
  Recorder two(one.now_ns() + kSecond, one.last());
  two.Beat(true);

  EXPECT_EQ(Text(And(one.lines, two.lines)),
            "  no earlier heartbeat: a first start, or the state was removed; rules and programs "
            "stayed in force\n"
            "start     2023-11-14 22:15:01 UTC  seq 1 to 4, heartbeats 1 to 1, no final heartbeat\n"
            "  nestord was killed or crashed; last heartbeat 1 (seq 4), 2s before this start; "
            "rules and programs stayed in force\n"
            "start     2023-11-14 22:15:06 UTC  seq 1 to 2, heartbeats 1 to 1, ended on purpose\n"
            "✓ 6 events in 2 starts, 2 heartbeats: none is missing, all signatures hold\n"
            "Not proven: what events say that are no heartbeats, and that nothing came after the "
            "last.\n");
}

TEST(VerifyTest, TheReportNamesWhatDoesNotHold) {
  EXPECT_THAT(Text(Without(OneStart().lines, 6)),
              HasSubstr("✗ seq 7: not in the recording\n✗ 12 events in 1 start, 3 heartbeats: 1 "
                        "thing does not hold\n"));
}

TEST(VerifyTest, AsJsonTheResultComesLast) {
  const auto objects = ToJson(*VerifyAll(Without(OneStart().lines, 6)));

  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].at("type"), "start");
  EXPECT_EQ(objects[0].at("gap").at("earlier"), "none");
  EXPECT_EQ(objects[1].at("what"), "missing");
  EXPECT_EQ(objects[1].at("holds"), false);
  EXPECT_EQ(objects[1].at("first_seq"), "7");
  EXPECT_EQ(objects[2].at("type"), "result");
  EXPECT_EQ(objects[2].at("holds"), false);
  EXPECT_EQ(objects[2].at("broken"), 1);
}

}  // namespace
}  // namespace nestor::ctl
