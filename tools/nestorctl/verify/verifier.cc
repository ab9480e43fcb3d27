// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/verify/verifier.h"

#include <algorithm>
#include <utility>

#include "agent/beat/gap.h"
#include "agent/beat/signed_bytes.h"

namespace nestor::ctl {
namespace {

std::string Seconds(uint64_t ns) {
  const uint64_t tenths = ns / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string Numbered(const HeartbeatInfo& beat) {
  return "heartbeat " + std::to_string(beat.number);
}

// What an event says beside what is signed of it must be the same.
template <typename Info>
bool Agrees(const Info& info, const RecordedEvent& event) {
  return info.node == event.node && info.boot_id == event.boot_id && info.boot_ns == event.boot_ns;
}

std::string SeqText(SeqRange seqs) {
  return seqs.first == seqs.last
             ? "seq " + std::to_string(seqs.first)
             : "seq " + std::to_string(seqs.first) + " to " + std::to_string(seqs.last);
}

}  // namespace

Verifier::Verifier(std::vector<PublicKey> keys) {
  for (PublicKey& key : keys) {
    std::string id = key.id();
    keys_.emplace(std::move(id), std::move(key));
  }
}

void Verifier::Add(Finding finding) {
  if (!finding.note) ++verified_.broken;
  if (verified_.findings.size() < kMostFindings) verified_.findings.push_back(std::move(finding));
}

void Verifier::Broken(std::string what, uint64_t line, const StartId& start, std::string detail,
                      SeqRange seqs) {
  Add({std::move(what), false, line, start, seqs, std::move(detail)});
}

void Verifier::Note(std::string what, uint64_t line, const StartId& start, std::string detail,
                    SeqRange seqs) {
  Add({std::move(what), true, line, start, seqs, std::move(detail)});
}

Status Verifier::Take(const RecordedEvent& event, uint64_t line) {
  if (!node_) node_ = event.node;
  if (event.node != *node_) {
    return Error::InvalidArgument("is of node `" + event.node + "`, and those before are of `" +
                                  *node_ + "`: one node at a time");
  }
  ++verified_.events;
  if (event.seq == 0) {
    pending_missed_ = std::min(pending_missed_ + event.missed, kLargestSeq);
    verified_.not_kept += event.missed;
    return {};
  }
  if (BeginsSegment(event)) BeginSegment(event, line);
  Place(event, line);
  if ((event.type == "heartbeat") != event.heartbeat.has_value() ||
      (event.type == "gap") != event.gap.has_value()) {
    Broken("altered", line, {}, "the event's type `" + event.type + "` is not what it holds",
           {event.seq, event.seq});
  }
  if (event.gap) TakeGap(*event.gap, event, line);
  if (event.heartbeat) TakeBeat(*event.heartbeat, event, line);
  return {};
}

bool Verifier::BeginsSegment(const RecordedEvent& event) const {
  return !segment_ || event.gap || event.boot_id != segment_->boot_id ||
         event.seq <= segment_->last_seq;
}

void Verifier::BeginSegment(const RecordedEvent& event, uint64_t line) {
  EndSegment();
  segment_.emplace();
  segment_->boot_id = event.boot_id;
  segment_->first_line = line;
  if (pending_missed_ > 0 && event.seq > 1) {
    segment_->not_kept.Add({event.seq - std::min(pending_missed_, event.seq - 1), event.seq - 1});
  }
  pending_missed_ = 0;
}

void Verifier::EndSegment() {
  if (!segment_ || segment_->start) return;
  verified_.uncovered += segment_->events;
  // Only a recording's first events may be of a start that ended before its next heartbeat: each
  // other start begins with a gap.
  Add({"uncovered",
       starts_.empty(),
       segment_->first_line,
       {},
       {segment_->seqs.first(), segment_->seqs.last()},
       "from this line on, " + std::to_string(segment_->events) +
           " events are of a start of nestord that no heartbeat tells of"});
}

void Verifier::PlaceIn(StartState& start, SeqRange seqs, uint64_t line) {
  start.events += seqs.last - seqs.first + 1;
  for (const SeqRange common : start.seqs.Common(seqs)) {
    Broken("repeated", line, start.id, SeqText(common) + ": more than once", common);
  }
  start.seqs.Add(seqs);
}

void Verifier::Place(const RecordedEvent& event, uint64_t line) {
  LineSegment& segment = *segment_;
  const SeqRange own{event.seq, event.seq};
  if (pending_missed_ > 0 && segment.last_seq > 0 && event.seq > segment.last_seq + 1) {
    const uint64_t last = std::min(event.seq - 1, segment.last_seq + pending_missed_);
    SeqSet& not_kept = segment.start ? starts_[*segment.start].not_kept : segment.not_kept;
    not_kept.Add({segment.last_seq + 1, last});
  }
  pending_missed_ = 0;
  segment.last_seq = event.seq;
  if (!segment.start) {
    segment.seqs.Add(own);
    ++segment.events;
    return;
  }
  StartState& start = starts_[*segment.start];
  PlaceIn(start, own, line);
  start.last_boot_ns = std::max(start.last_boot_ns, event.boot_ns);
}

// From here on it is known of which start the lines of this segment are.
void Verifier::Bind(const StartId& id, uint64_t line) {
  LineSegment& segment = *segment_;
  const auto [found, fresh] = index_.emplace(id, starts_.size());
  if (fresh) {
    starts_.emplace_back();
    starts_.back().id = id;
  }
  if (segment.start == found->second) return;
  if (segment.start) {  // its seqs are placed, with those of another start
    Broken("altered", line, id, "this line is among those of another start of nestord");
    return;
  }
  segment.start = found->second;
  StartState& start = starts_[found->second];
  const bool earlier = !start.seqs.empty() && segment.seqs.first() <= start.seqs.last();
  for (const SeqRange seqs : segment.seqs.ranges()) PlaceIn(start, seqs, segment.first_line);
  for (const SeqRange seqs : segment.not_kept.ranges()) start.not_kept.Add(seqs);
  if (earlier) {
    Note("unordered", segment.first_line, id,
         "this line and those after it are of a start that the recording was past already");
  }
  segment.seqs = {};
}

template <typename Info>
bool Verifier::Holds(const Info& info, const RecordedEvent& event, const char* type,
                     uint64_t line) {
  const SeqRange seqs{event.seq, event.seq};
  const auto key = keys_.find(info.key_id);
  if (key == keys_.end()) {
    // Once a key: with the wrong one at hand each line would say the same.
    if (other_keys_.size() < kMostFindings && other_keys_.insert(info.key_id).second) {
      Broken("other-key", line, {},
             std::string("from this ") + type + " on, another key has signed: " + info.key_id,
             seqs);
    } else {
      ++verified_.broken;
    }
    return false;
  }
  if (!key->second.Holds(SignedBytes(info), info.signature)) {
    Broken("signature", line, {},
           std::string("the signature of this ") + type + " does not hold: it was altered", seqs);
    return false;
  }
  if (!Agrees(info, event)) {
    Broken("altered", line, {},
           std::string("the event says another node, boot or time than the ") + type +
               " that was signed in it",
           seqs);
  }
  return true;
}

void Verifier::TakeBeat(const HeartbeatInfo& beat, const RecordedEvent& event, uint64_t line) {
  if (!Holds(beat, event, "heartbeat", line)) return;
  const StartId id{beat.boot_id, beat.instance};
  if (beat.last_seq != event.seq) {
    Broken("altered", line, id, Numbered(beat) + " is seq " + std::to_string(beat.last_seq),
           {event.seq, event.seq});
  }
  Bind(id, line);
  StartState& start = starts_[index_.at(id)];
  CheckChain(start, beat, line);
  if (start.last_beat && beat.number <= start.last_beat->number) return;  // told as repeated
  if (!start.first_beat) start.first_beat = beat;
  start.last_beat = beat;
  start.digest_before = std::exchange(start.last_digest, Sha256Hex(SignedBytes(beat)));
  start.last_boot_ns = 0;
  ++start.heartbeats;
}

// The heartbeat against the one before it, or the gap of its start.
void Verifier::CheckChain(const StartState& start, const HeartbeatInfo& beat, uint64_t line) {
  const std::optional<HeartbeatInfo>& last = start.last_beat;
  const SeqRange seqs{beat.first_seq, beat.last_seq};
  if (!last) {
    if (beat.number == 1 && !start.gap_digest.empty() && beat.previous != start.gap_digest) {
      Broken("chain", line, start.id, "heartbeat 1 does not follow the gap of its start", seqs);
    }
    return;
  }
  if (beat.number <= last->number) return;
  if (last->final) {
    Broken("after-end", line, start.id, Numbered(beat) + " comes after the final one", seqs);
  }
  if (beat.number != last->number + 1) {
    // Where nestord had not kept the one before, the reader came too late.
    const uint64_t before = beat.first_seq - 1;
    if (!start.not_kept.Common({before, before}).empty()) return;
    Broken(
        "missing", line, start.id,
        "after heartbeat " + std::to_string(last->number) + " comes " + std::to_string(beat.number),
        {last->last_seq + 1, before});
  } else if (beat.previous != start.last_digest || beat.first_seq != last->last_seq + 1) {
    Broken("chain", line, start.id, Numbered(beat) + " does not follow the one before", seqs);
  } else if (beat.boot_ns > last->boot_ns + 2 * last->interval_ns) {
    Broken("late", line, start.id,
           Numbered(beat) + " came " + Seconds(beat.boot_ns - last->boot_ns) +
               " after the one before; due are " + Seconds(last->interval_ns),
           seqs);
  }
}

void Verifier::TakeGap(const GapInfo& gap, const RecordedEvent& event, uint64_t line) {
  if (!Holds(gap, event, "gap", line)) return;
  const StartId id{gap.boot_id, gap.instance};
  if (event.seq != 1) {
    Broken("altered", line, id, "a gap is the first event of its start", {event.seq, event.seq});
  }
  Bind(id, line);
  StartState& start = starts_[index_.at(id)];
  if (start.gap) return;  // told as repeated
  start.gap = gap;
  start.gap_line = line;
  start.gap_digest = Sha256Hex(SignedBytes(gap));
}

void Verifier::JudgeGap(size_t index) {
  const StartState& start = starts_[index];
  if (!start.gap) return;
  const GapInfo& gap = *start.gap;
  if (gap.earlier == kEarlierKnown) {
    const auto before = index_.find({gap.previous_boot_id, gap.previous_instance});
    if (before != index_.end()) {
      JudgeLink(start, starts_[before->second]);
    } else if (index > 0) {
      Broken("start-missing", start.gap_line, start.id,
             "the start before this one, with heartbeats up to " +
                 std::to_string(gap.previous_number) + " and events up to seq " +
                 std::to_string(gap.previous_seq) + ", is not in the recording");
    }
  } else if (gap.earlier == kEarlierNone && index > 0) {
    Broken("state-removed", start.gap_line, start.id,
           "nestord found no earlier heartbeat, and there was one: its state was removed");
  } else if (gap.earlier != kEarlierNone && gap.earlier != kEarlierUnusable) {
    Broken("state-altered", start.gap_line, start.id,
           "nestord found a last heartbeat that it had not left (" + gap.earlier + ")");
  }
}

// What the gap says of the start before against what the recording has of it.
void Verifier::JudgeLink(const StartState& start, StartState& before) {
  const GapInfo& gap = *start.gap;
  before.told_seq = std::max(before.told_seq, gap.previous_seq);
  if (!before.last_beat) return;
  const uint64_t last = before.last_beat->number;
  if (gap.previous_number > last) return;  // what is missing is told by its seqs
  if (gap.previous_number + 1 < last) {
    Broken("state-behind", start.gap_line, start.id,
           "nestord found heartbeat " + std::to_string(gap.previous_number) +
               " of the start before, and there were " + std::to_string(last) +
               ": its file was put back, or could not be written");
    return;
  }
  const bool newest = gap.previous_number == last;
  if (gap.previous != (newest ? before.last_digest : before.digest_before) &&
      !(newest ? before.last_digest : before.digest_before).empty()) {
    Broken("chain", start.gap_line, start.id,
           "the last heartbeat that nestord found is another one than the recording has");
  } else if (!newest) {
    Note("unwritten", start.gap_line, start.id,
         "nestord ended before its heartbeat " + std::to_string(last) + " was on the disk");
  }
}

void Verifier::JudgeStart(size_t index) {
  StartState& start = starts_[index];
  // The recording may begin anywhere; from there on it is whole.
  const uint64_t first = index > 0 || start.gap ? 1 : start.seqs.first();
  const uint64_t last = std::max(start.seqs.last(), start.told_seq);
  SeqSet known = start.seqs;
  for (const SeqRange seqs : start.not_kept.ranges()) known.Add(seqs);
  for (const SeqRange seqs : known.Missing({first, last}, kMostFindings)) {
    Broken("missing", 0, start.id, SeqText(seqs) + ": not in the recording", seqs);
  }
  for (const SeqRange seqs : start.not_kept.ranges()) {
    Note("not-kept", 0, start.id, SeqText(seqs) + ": nestord had not kept it until it was read",
         seqs);
  }
  const uint64_t covered = start.last_beat ? start.last_beat->last_seq : 0;
  for (const SeqRange seqs : start.seqs.ranges()) {
    if (seqs.last <= covered) continue;
    verified_.uncovered += seqs.last - std::max(seqs.first, covered + 1) + 1;
  }
  if (!start.last_beat || start.last_boot_ns == 0) return;
  const HeartbeatInfo& beat = *start.last_beat;
  if (beat.final) {
    Broken("after-end", 0, start.id, "events come after the final heartbeat",
           {covered + 1, start.seqs.last()});
  } else if (start.last_boot_ns > beat.boot_ns + 2 * beat.interval_ns) {
    Broken("late", 0, start.id,
           "after " + Numbered(beat) + " no other came, and events went on for " +
               Seconds(start.last_boot_ns - beat.boot_ns),
           {covered + 1, start.seqs.last()});
  }
}

Result<Verified> Verifier::Finish() {
  if (verified_.events == 0) return Error::InvalidArgument("there is no event in it");
  EndSegment();
  segment_.reset();
  for (size_t index = 0; index < starts_.size(); ++index) JudgeGap(index);
  for (size_t index = 0; index < starts_.size(); ++index) JudgeStart(index);
  if (starts_.empty() && verified_.broken == 0) {
    Broken("missing", 0, {}, "there is no heartbeat in it: nothing says that it is whole");
  }
  for (const StartState& start : starts_) {
    verified_.starts.push_back({start.id,
                                start.gap,
                                start.events,
                                start.heartbeats,
                                {start.seqs.first(), start.seqs.last()},
                                start.first_beat,
                                start.last_beat});
  }
  return std::move(verified_);
}

}  // namespace nestor::ctl
