// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PINNED_STATE_H_
#define NESTOR_AGENT_KERNEL_PINNED_STATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/kernel/pin_directory.h"

struct bpf_link;
struct bpf_map;
struct bpf_object;

namespace nestor {

// The two words of bpf/turn.bpf.h that say whose turn it is, in mapped memory.
struct TurnWords {
  volatile uint64_t* active;
  volatile uint64_t* next;
};

// The maps and programs of one object in a PinDirectory: what an earlier nestord left is taken
// over, what this one makes outlives it. In the order of the functions below. Thread: pipeline
// only.
class PinnedState {
 public:
  // Locks the directory, and lets every shared map of `object`, which is opened and not loaded,
  // come from its pin or be pinned. `is_sized`: its number of entries is a setting; one that is
  // there already keeps its own, with a warning.
  static Result<std::unique_ptr<PinnedState>> Open(
      const std::string& directory, bpf_object* object,
      const std::function<bool(const bpf_map*)>& is_sized);

  // The maps hold what an earlier nestord knew.
  bool continued() const { return pins_.continued(); }
  // One of another build was here: it works until TakeOver, and its knowledge is lost.
  bool replaces_other() const { return replaces_other_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // The object is loaded. Ends what a nestord began that was killed while it took over.
  void Settle(TurnWords turn);
  Status PinLink(bpf_link* link, const std::string& program, uint64_t instance);
  // All programs of `instance` are attached and pinned: from here on they work and no others, and
  // the others go. Takes some 50 ms where others are. Returns how many runs of theirs the kernel
  // left out.
  uint64_t TakeOver(TurnWords turn, uint64_t instance);
  // Nothing outlives this process any more.
  Removal RemoveAll() { return pins_.RemoveAll(); }

 private:
  explicit PinnedState(PinDirectory pins) : pins_(std::move(pins)) {}
  Status PinMaps(bpf_object* object, const std::function<bool(const bpf_map*)>& is_sized);
  uint64_t MissedRuns(uint64_t instance) const;
  Status KeepSize(bpf_map* map, const std::string& name);

  PinDirectory pins_;
  bool replaces_other_ = false;
  std::vector<std::string> warnings_;
};

// Runs of a program that the kernel left out, for it was at work on this CPU already.
uint64_t MissedRunsOf(int program_fd);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PINNED_STATE_H_
