// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/workload_index.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "agent/cri/cri_client.h"
#include "agent/workload/cgroup_scan.h"
#include "agent/workload/name_worker.h"

namespace nestor {
namespace {

using Clock = std::chrono::steady_clock;

// Stands in when the endpoint cannot be one: every question is answered with the reason.
class BrokenLister : public ContainerLister {
 public:
  explicit BrokenLister(Error error) : error_(std::move(error)) {}
  Result<std::vector<ListedContainer>> List() override { return error_; }
  Result<std::string> Describe() override { return error_; }
  Result<FoundContainer> Find(const std::string& /*id*/, const std::string& /*sandbox_id*/,
                              std::chrono::milliseconds /*deadline*/) override {
    return error_;
  }
  void Cancel() override {}

 private:
  Error error_;
};

std::unique_ptr<ContainerLister> ListerFor(const WorkloadOptions& options) {
  if (options.cri_endpoint.empty()) return nullptr;
  auto client = CriClient::Create(options.cri_endpoint, options.cri_timeout);
  if (!client) return std::make_unique<BrokenLister>(client.error());
  return std::move(*client);
}

Workload ToWorkload(const ListedContainer& listed) {
  Workload workload;
  workload.namespace_name = listed.namespace_name;
  workload.pod = listed.pod;
  workload.pod_uid = listed.pod_uid;
  workload.container = listed.name;
  workload.container_id = listed.id;
  workload.image = listed.image;
  workload.sandbox = listed.sandbox;
  return workload;
}

bool SameNames(const Workload& a, const Workload& b) {
  return a.pending == b.pending && a.namespace_name == b.namespace_name && a.pod == b.pod &&
         a.container == b.container && a.image == b.image && a.sandbox == b.sandbox;
}

// Who it is, apart from how its image is written. The hook of some runtimes has no uid.
bool SameContainer(const Workload& a, const Workload& b) {
  return a.namespace_name == b.namespace_name && a.pod == b.pod && a.container == b.container &&
         a.sandbox == b.sandbox &&
         (a.pod_uid == b.pod_uid || a.pod_uid.empty() || b.pod_uid.empty());
}

std::string Called(const Workload& workload) {
  std::string name = workload.namespace_name + "/" + workload.pod;
  if (!workload.sandbox) name += "/" + workload.container;
  return workload.pod_uid.empty() ? name : name + " (pod " + workload.pod_uid + ")";
}

// Empty when both say the same.
std::string Difference(const Workload& hook, const Workload& cri) {
  return SameContainer(hook, cri) ? "" : Called(hook);
}

}  // namespace

struct WorkloadIndex::State {
  struct Entry {
    Workload workload;
    std::map<std::string, std::string> labels;
    Clock::time_point seen = Clock::now();
    bool labelled = false;
    bool claimed = false;                       // named by a hook, not by the CRI yet
    bool doubted = false;                       // another container's name
    std::optional<Clock::time_point> removed;   // the kernel said so
    std::optional<Clock::time_point> unlisted;  // the runtime forgot it; ends when listed again
  };

  // Names the entry when the last list had it.
  void Name(CgroupId cgroup, Entry& entry) {
    const auto listed = listed_by_id.find(entry.workload.container_id);
    if (listed == listed_by_id.end() || entry.doubted) return;
    Workload workload = ToWorkload(listed->second);
    const bool fresh = !entry.labelled || !SameNames(workload, entry.workload) ||
                       listed->second.pod_labels != entry.labels;
    std::string hook_said = entry.claimed ? Difference(entry.workload, workload) : "";
    entry.claimed = false;
    if (!fresh) return;
    SetNames(entry, listed->second, true);
    named.push_back(Told(cgroup, entry, std::move(hook_said)));
  }

  // Whether a cgroup that is seen now may be this container's.
  bool MayLiveIn(CgroupId cgroup, const std::string& id) const {
    const auto listed = listed_by_id.find(id);
    if (listed != listed_by_id.end() && listed->second.ended) return false;
    return std::ranges::none_of(entries, [&](const auto& item) {
      const Entry& other = item.second;
      return item.first != cgroup && other.workload.container_id == id && !other.removed &&
             !other.doubted;
    });
  }

  void SetNames(Entry& entry, const ListedContainer& listed, bool labelled) {
    if (entry.workload.pending) NoteWait(Clock::now() - entry.seen);
    entry.workload = ToWorkload(listed);
    entry.labels = listed.pod_labels;
    entry.labelled = labelled;
  }

  static NamedContainer Told(CgroupId cgroup, const Entry& entry, std::string hook_said) {
    return {cgroup,         entry.workload,      entry.labels, entry.removed.has_value(),
            entry.labelled, std::move(hook_said)};
  }

  void NoteWait(Clock::duration time) {
    const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(time);
    ++name_wait.count;
    name_wait.total += wait;
    name_wait.longest = std::max(name_wait.longest, wait);
  }

  // Names by the worker's last list, if there is a new one.
  void TakeList() {
    auto list = worker ? worker->TakeList() : std::nullopt;
    if (!list) return;
    listed_by_id.clear();
    for (ListedContainer& container : *list) {
      const std::string id = container.id;
      listed_by_id.emplace(id, std::move(container));
    }
    const auto now = Clock::now();
    for (auto& [cgroup, entry] : entries) {
      Name(cgroup, entry);
      NoteWhetherListed(entry, now);
    }
    DropRemoved(now);
  }

  // The record of a removal can be lost: what the runtime forgot goes, too. What it never named may
  // belong to another runtime, and stays.
  void NoteWhetherListed(Entry& entry, Clock::time_point now) const {
    if (entry.workload.pending || entry.claimed ||
        listed_by_id.contains(entry.workload.container_id)) {
      entry.unlisted.reset();
    } else if (!entry.unlisted) {
      entry.unlisted = now;
    }
  }

  void DropRemoved(Clock::time_point now) {
    const auto is_over = [&](const std::optional<Clock::time_point>& since) {
      return since && now - *since > options.removed_grace;
    };
    std::erase_if(entries, [&](const auto& item) {
      return is_over(item.second.removed) || is_over(item.second.unlisted);
    });
  }

  WorkloadOptions options;
  std::unique_ptr<NameWorker> worker;  // null: nobody to ask
  std::unordered_map<CgroupId, Entry> entries;
  std::unordered_map<std::string, ListedContainer> listed_by_id;  // the last list
  std::vector<NamedContainer> named;                              // not taken yet
  HookCounts hook_counts;
  NameWait name_wait;
  uint64_t doubted = 0;
};

WorkloadIndex::WorkloadIndex(const WorkloadOptions& options)
    : WorkloadIndex(options, ListerFor(options)) {}

WorkloadIndex::WorkloadIndex(WorkloadOptions options, std::unique_ptr<ContainerLister> lister)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  if (!lister) return;
  state_->worker = std::make_unique<NameWorker>(std::move(lister), state_->options.relist_interval,
                                                state_->options.max_pending);
}

WorkloadIndex::~WorkloadIndex() = default;

Status WorkloadIndex::Start() {
  Status status;
  if (state_->worker) status = state_->worker->Start();
  state_->TakeList();
  const auto cgroups = FindContainerCgroups(state_->options.cgroup_root);
  if (!cgroups) return status ? cgroups.error() : status.error().In(cgroups.error().message);
  for (const FoundCgroup& found : *cgroups) Seen(found.id, found.name);
  return status;
}

void WorkloadIndex::Seen(CgroupId cgroup, const std::string& name) {
  const std::string id = ContainerIdFromCgroupName(name);
  if (id.empty()) return;
  const auto [place, fresh] = state_->entries.try_emplace(cgroup);
  State::Entry& entry = place->second;
  // A number may come again after its cgroup went; the name then tells another container.
  if (!fresh && entry.workload.container_id == id) return;
  entry = {};
  entry.workload.container_id = id;
  entry.workload.pending = state_->worker != nullptr;
  entry.doubted = !state_->MayLiveIn(cgroup, id);
  if (entry.doubted) ++state_->doubted;
  state_->Name(cgroup, entry);
  if (entry.workload.pending && !entry.doubted) state_->worker->Want(id);
}

NamedContainer WorkloadIndex::Prepare(PreparedContainer container) {
  const std::string id = container.names.id;
  const auto [place, fresh] = state_->entries.try_emplace(container.cgroup);
  State::Entry& entry = place->second;
  if (fresh || entry.workload.container_id != id) {
    entry = {};
    entry.workload.container_id = id;
    entry.workload.pending = true;
  }
  const bool has_the_cris_word = entry.labelled && !entry.claimed;
  if (has_the_cris_word) {
    std::string hook_said = Difference(ToWorkload(container.told), entry.workload);
    return State::Told(container.cgroup, entry, std::move(hook_said));
  }
  state_->SetNames(entry, container.names, container.labelled);
  entry.claimed = !container.confirmed && state_->worker;
  if (container.confirmed) state_->listed_by_id.insert_or_assign(id, std::move(container.names));
  if (entry.claimed) state_->worker->Want(id);
  std::string hook_said = Difference(ToWorkload(container.told), entry.workload);
  return State::Told(container.cgroup, entry, std::move(hook_said));
}

Result<FoundContainer> WorkloadIndex::Find(const std::string& id, const std::string& sandbox_id,
                                           std::chrono::milliseconds deadline) const {
  if (!state_->worker) return Error::FailedPrecondition("no runtime endpoint is set");
  return state_->worker->Find(id, sandbox_id, deadline);
}

HookCounts& WorkloadIndex::hook_counts() { return state_->hook_counts; }

const NameWait& WorkloadIndex::name_wait() const { return state_->name_wait; }

void WorkloadIndex::Removed(CgroupId cgroup) {
  const auto entry = state_->entries.find(cgroup);
  if (entry != state_->entries.end()) entry->second.removed = Clock::now();
}

Workload WorkloadIndex::Lookup(CgroupId cgroup) const {
  const auto entry = state_->entries.find(cgroup);
  return entry == state_->entries.end() ? Workload{} : entry->second.workload;
}

std::vector<NamedContainer> WorkloadIndex::TakeNamed() {
  state_->TakeList();
  return std::exchange(state_->named, {});
}

uint64_t WorkloadIndex::doubted() const { return state_->doubted; }

uint64_t WorkloadIndex::dropped_lookups() const {
  return state_->worker ? state_->worker->dropped() : 0;
}

uint64_t WorkloadIndex::failed_lookups() const {
  return state_->worker ? state_->worker->failed() : 0;
}

bool WorkloadIndex::cri_available() const { return state_->worker && state_->worker->available(); }

std::string WorkloadIndex::cri_detail() const {
  return state_->worker ? state_->worker->detail() : "no runtime endpoint is set";
}

}  // namespace nestor
