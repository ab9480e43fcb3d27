// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_HOOK_LINKS_H_
#define NESTOR_AGENT_KERNEL_HOOK_LINKS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/result.h"

struct bpf_link;
struct bpf_program;

namespace nestor {

class PinnedState;

// The programs of one start that are attached. Pinned ones stay so when this goes. Thread: one.
class HookLinks {
 public:
  // cgroup_root: where programs of cgroups are attached. `instance` names this start in the pins.
  HookLinks(std::string cgroup_root, uint64_t instance);
  ~HookLinks();
  HookLinks(const HookLinks&) = delete;
  HookLinks& operator=(const HookLinks&) = delete;

  // From here on links are pinned. null: they end with this process.
  void PinIn(PinnedState* pinned) { pinned_ = pinned; }
  // Error: the kernel does not take it there, with libbpf's words.
  Status Attach(bpf_program* program);
  bool Has(const bpf_program* program) const { return links_.contains(program); }
  // It is attached no longer, and its pin is gone. Waits for runs that are under way.
  void Detach(const bpf_program* program);
  std::vector<bpf_link*> All() const;
  // What this process holds of them.
  void Close();

 private:
  bpf_link* AttachOne(const bpf_program* program) const;

  std::string cgroup_root_;
  uint64_t instance_;
  PinnedState* pinned_ = nullptr;
  std::map<const bpf_program*, bpf_link*> links_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_HOOK_LINKS_H_
