// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFIER_H_
#define NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFIER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/beat/keys.h"
#include "tools/nestorctl/verify/recorded_event.h"
#include "tools/nestorctl/verify/seq_set.h"

namespace nestor::ctl {

// One start of nestord.
struct StartId {
  std::string boot_id;
  uint64_t instance = 0;
  auto operator<=>(const StartId&) const = default;
};

// What does not hold, or is worth a word.
struct Finding {
  // signature other-key altered missing repeated late after-end chain start-missing state-removed
  // state-altered state-behind uncovered; of notes: unordered unwritten uncovered not-kept
  std::string what;
  bool note = false;   // it holds all the same
  uint64_t line = 0;   // of the recording; 0: of none
  StartId start;       // empty: of none
  SeqRange seqs;       // {0, 0}: of none
  std::string detail;  // a sentence
};

struct VerifiedStart {
  StartId id;
  std::optional<GapInfo> gap;  // its signature holds
  uint64_t events = 0;
  uint64_t heartbeats = 0;  // that hold
  SeqRange seqs;
  std::optional<HeartbeatInfo> first_beat, last_beat;
};

struct Verified {
  std::vector<VerifiedStart> starts;  // in order of the recording
  std::vector<Finding> findings;      // the first kMostFindings
  uint64_t broken = 0;                // findings that are no notes, all of them
  uint64_t events = 0;
  uint64_t not_kept = 0;   // that nestord had not kept until they were read
  uint64_t uncovered = 0;  // by no heartbeat: after the last one, or of an unknown start
  bool holds() const { return broken == 0; }
};

// What is known of one start.
struct StartState {
  StartId id;
  SeqSet seqs;
  SeqSet not_kept;
  uint64_t events = 0;
  uint64_t heartbeats = 0;
  std::optional<GapInfo> gap;
  uint64_t gap_line = 0;
  std::string gap_digest;
  std::optional<HeartbeatInfo> first_beat, last_beat;
  std::string last_digest, digest_before;
  uint64_t last_boot_ns = 0;  // of events after last_beat
  uint64_t told_seq = 0;      // the next start's gap says that it came so far
};
// Lines whose seqs rise: of one start, known or not yet.
struct LineSegment {
  std::optional<size_t> start;  // in starts_
  std::string boot_id;
  uint64_t first_line = 0;
  uint64_t last_seq = 0;
  SeqSet seqs;  // while it is of no known start
  SeqSet not_kept;
  uint64_t events = 0;
};

// Checks one node's recording, event by event, in memory that grows with starts and faults only.
// Thread: one.
class Verifier {
 public:
  static constexpr size_t kMostFindings = 1000;

  // `keys`: any of these may have signed.
  explicit Verifier(std::vector<PublicKey> keys);

  // Error: it can't be of the same recording (another node).
  Status Take(const RecordedEvent& event, uint64_t line);
  // Error: there was no event.
  Result<Verified> Finish();

 private:
  void Add(Finding finding);
  void Broken(std::string what, uint64_t line, const StartId& start, std::string detail,
              SeqRange seqs = {});
  void Note(std::string what, uint64_t line, const StartId& start, std::string detail,
            SeqRange seqs = {});
  bool BeginsSegment(const RecordedEvent& event) const;
  void BeginSegment(const RecordedEvent& event, uint64_t line);
  void EndSegment();
  void Place(const RecordedEvent& event, uint64_t line);
  void PlaceIn(StartState& start, SeqRange seqs, uint64_t line);
  void Bind(const StartId& id, uint64_t line);
  template <typename Info>
  bool Holds(const Info& info, const RecordedEvent& event, const char* type, uint64_t line);
  void TakeBeat(const HeartbeatInfo& beat, const RecordedEvent& event, uint64_t line);
  void CheckChain(const StartState& start, const HeartbeatInfo& beat, uint64_t line);
  void TakeGap(const GapInfo& gap, const RecordedEvent& event, uint64_t line);
  void JudgeGap(size_t index);
  void JudgeLink(const StartState& start, StartState& before);
  void JudgeStart(size_t index);

  std::map<std::string, PublicKey> keys_;
  std::set<std::string> other_keys_;  // that were told
  std::optional<std::string> node_;
  std::vector<StartState> starts_;
  std::map<StartId, size_t> index_;
  std::optional<LineSegment> segment_;
  uint64_t pending_missed_ = 0;
  Verified verified_;
};

}  // namespace nestor::ctl

#endif  // NESTOR_TOOLS_NESTORCTL_VERIFY_VERIFIER_H_
