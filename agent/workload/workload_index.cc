// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/workload_index.h"

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

}  // namespace

struct WorkloadIndex::State {
  struct Entry {
    Workload workload;
    std::map<std::string, std::string> labels;
    std::optional<Clock::time_point> removed;   // the kernel said so
    std::optional<Clock::time_point> unlisted;  // the runtime forgot it; ends when listed again
  };

  // Names the entry when the last list had it.
  void Name(CgroupId cgroup, Entry& entry) {
    const auto listed = listed_by_id.find(entry.workload.container_id);
    if (listed == listed_by_id.end()) return;
    Workload workload = ToWorkload(listed->second);
    if (SameNames(workload, entry.workload) && listed->second.pod_labels == entry.labels) return;
    entry.workload = std::move(workload);
    entry.labels = listed->second.pod_labels;
    named.push_back({cgroup, entry.workload, entry.labels, entry.removed.has_value()});
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
    if (entry.workload.pending || listed_by_id.contains(entry.workload.container_id)) {
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
  state_->Name(cgroup, entry);
  if (entry.workload.pending) state_->worker->Want(id);
}

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
