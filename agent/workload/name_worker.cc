// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/name_worker.h"

#include <algorithm>
#include <unordered_set>

namespace nestor {
namespace {

using std::chrono::milliseconds;

// A container's cgroup exists before the runtime lists it: asked again soon, then less often. After
// the last attempt only the relist looks for it.
constexpr milliseconds kFirstRetry{20};
constexpr milliseconds kLastRetry{2000};
constexpr int kMaxAttempts = 20;

// A runtime that went away is asked at the same pace, without end.
milliseconds RetryAfter(int attempts) {
  return std::min(kLastRetry, kFirstRetry * (1 << std::min(attempts, 7)));
}

}  // namespace

NameWorker::NameWorker(std::unique_ptr<ContainerLister> lister,
                       std::chrono::seconds relist_interval, size_t max_pending)
    : lister_(std::move(lister)), relist_interval_(relist_interval), max_pending_(max_pending) {}

NameWorker::~NameWorker() {
  thread_.request_stop();
  changed_.notify_all();
  lister_->Cancel();
}

Status NameWorker::Start() {
  Status status = ListOnce();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return status;
}

void NameWorker::Want(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (wishes_.size() >= max_pending_ && !wishes_.contains(id)) {
    const auto oldest = std::min_element(wishes_.begin(), wishes_.end(), [](auto& a, auto& b) {
      return a.second.number < b.second.number;
    });
    wishes_.erase(oldest);
    ++dropped_;
  }
  wishes_.try_emplace(id, Wish{++next_number_, 0, Clock::now()});
  changed_.notify_all();
}

std::optional<std::vector<ListedContainer>> NameWorker::TakeList() {
  const std::lock_guard lock(mutex_);
  return std::exchange(list_, std::nullopt);
}

NameWorker::Clock::time_point NameWorker::NextDue() const {
  Clock::time_point due = relist_due_;
  for (const auto& [id, wish] : wishes_) due = std::min(due, wish.due);
  return due;
}

void NameWorker::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      const auto due = NextDue();
      if (due > Clock::now()) {
        // Woken by a new wish, by the end, or when something is due; then it looks again.
        changed_.wait_until(lock, stop, due, [&] { return NextDue() < due; });
        continue;
      }
    }
    // Why it failed stands in detail(); it is tried again when due.
    static_cast<void>(ListOnce());
  }
}

Status NameWorker::ListOnce() {
  auto list = lister_->List();
  // A runtime of another version comes only after one that went away.
  std::optional<Result<std::string>> description;
  if (list && !available()) description = lister_->Describe();
  const std::lock_guard lock(mutex_);
  available_ = list.ok();
  if (!list) detail_ = list.error().message;
  if (description) detail_ = *description ? **description : description->error().message;
  failures_in_a_row_ = list ? 0 : failures_in_a_row_ + 1;
  relist_due_ =
      Clock::now() + (list ? milliseconds(relist_interval_) : RetryAfter(failures_in_a_row_));
  if (!list) {
    ++failed_;
    for (auto& [id, wish] : wishes_) wish.due = relist_due_;
    return list.error();
  }
  SettleWishes(*list);
  KeepVanished(*list);
  list_ = std::move(*list);
  return {};
}

// Under the lock. A short-lived container may be in a list that nobody took yet and not in the
// next: its name goes along.
void NameWorker::KeepVanished(std::vector<ListedContainer>& list) {
  if (!list_) return;
  std::unordered_set<std::string> listed;
  for (const ListedContainer& container : list) listed.insert(container.id);
  for (ListedContainer& container : *list_) {
    if (!listed.contains(container.id)) list.push_back(std::move(container));
  }
}

// Under the lock.
void NameWorker::SettleWishes(const std::vector<ListedContainer>& list) {
  std::unordered_set<std::string_view> listed;
  for (const ListedContainer& container : list) listed.insert(container.id);
  const auto now = Clock::now();
  for (auto entry = wishes_.begin(); entry != wishes_.end();) {
    Wish& wish = entry->second;
    const bool found = listed.contains(entry->first);
    if (found || ++wish.attempts >= kMaxAttempts) {
      if (!found) ++failed_;
      entry = wishes_.erase(entry);
      continue;
    }
    wish.due = now + RetryAfter(wish.attempts);
    ++entry;
  }
}

uint64_t NameWorker::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

uint64_t NameWorker::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

bool NameWorker::available() const {
  const std::lock_guard lock(mutex_);
  return available_;
}

std::string NameWorker::detail() const {
  const std::lock_guard lock(mutex_);
  return detail_;
}

}  // namespace nestor
