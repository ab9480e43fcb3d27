// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_PIN_DIRECTORY_H_
#define NESTOR_AGENT_KERNEL_PIN_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace nestor {

// What was taken away, and what could not be, with the reason.
struct Removal {
  size_t links = 0;
  size_t maps = 0;
  std::vector<std::string> left;

  void Add(const Removal& other);
};

// The names under which the kernel side lives on without nestord, in a BPF file system:
//
//   ROOT/state-LAYOUT/maps/MAP                   shared by all starts of nestord
//   ROOT/state-LAYOUT/links/INSTANCE/PROGRAM     attached programs of one start
//
// LAYOUT is a hash of all that must be the same for programs to go on with maps of another build.
// The root is locked while this lives: two nestords never use one. Knows names only, no BPF.
// Thread: one.
class PinDirectory {
 public:
  // Makes `root` where it is missing. Error kFailedPrecondition: another nestord has it (its pid is
  // in the message), after `patience_ms` of waiting for one that is just ending.
  static Result<PinDirectory> Open(const std::string& root, int patience_ms);

  // Chooses the state of this layout. One that lacks one of `maps`, or that no program is attached
  // for, was left half-made: it is removed and made anew.
  Status Use(uint64_t layout, const std::vector<std::string>& maps);

  // All maps are there, and programs that use them.
  bool continued() const { return continued_; }
  // States of other layouts.
  std::vector<std::string> Others() const;

  const std::string& root() const { return root_; }
  std::string MapPath(const std::string& map) const { return state_ + "/maps/" + map; }
  std::string LinkPath(uint64_t instance, const std::string& program) const;
  Status MakeInstance(uint64_t instance) const;
  // One that was killed before its first link has none.
  std::vector<uint64_t> Instances() const;
  bool HasLinks(uint64_t instance) const { return !Links(instance).empty(); }
  std::vector<std::string> Links(uint64_t instance) const;
  Removal RemoveInstance(uint64_t instance) const;
  Removal RemoveOthers() const;
  // Everything, the root too, if nothing else is in it.
  Removal RemoveAll();

 private:
  PinDirectory(std::string root, UniqueFd lock) : root_(std::move(root)), lock_(std::move(lock)) {}

  std::string root_;
  UniqueFd lock_;
  std::string state_;  // the one in use
  bool continued_ = false;
};

// Whether `path`, or the nearest directory above it that exists, is in a BPF file system.
bool IsInBpfFilesystem(const std::string& path);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_PIN_DIRECTORY_H_
