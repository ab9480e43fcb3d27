// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/hook_links.h"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "agent/base/unique_fd.h"
#include "agent/kernel/pinned_state.h"

namespace nestor {

HookLinks::HookLinks(std::string cgroup_root, uint64_t instance)
    : cgroup_root_(std::move(cgroup_root)), instance_(instance) {}

HookLinks::~HookLinks() { Close(); }

bpf_link* HookLinks::AttachOne(const bpf_program* program) const {
  if (bpf_program__type(program) != BPF_PROG_TYPE_SOCK_OPS) return bpf_program__attach(program);
  // The root covers all containers, whatever namespaces they have.
  const UniqueFd root(open(cgroup_root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return root.ok() ? bpf_program__attach_cgroup(program, root.get()) : nullptr;
}

Status HookLinks::Attach(bpf_program* program) {
  bpf_link* link = AttachOne(program);
  if (!link) return Error::FromErrno("attach", errno);
  if (pinned_) {
    if (Status kept = pinned_->PinLink(link, bpf_program__name(program), instance_); !kept) {
      bpf_link__destroy(link);
      return kept;
    }
  }
  links_[program] = link;
  return {};
}

void HookLinks::Detach(const bpf_program* program) {
  const auto found = links_.find(program);
  if (found == links_.end()) return;
  if (pinned_) bpf_link__unpin(found->second);
  bpf_link__destroy(found->second);
  links_.erase(found);
}

std::vector<bpf_link*> HookLinks::All() const {
  std::vector<bpf_link*> all;
  all.reserve(links_.size());
  for (const auto& [program, link] : links_) all.push_back(link);
  return all;
}

void HookLinks::Close() {
  for (const auto& [program, link] : links_) bpf_link__destroy(link);
  links_.clear();
}

}  // namespace nestor
