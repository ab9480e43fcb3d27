// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_PIPELINE_QUIET_KERNEL_H_
#define NESTOR_TESTS_UNIT_PIPELINE_QUIET_KERNEL_H_

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/kernel/probes.h"

namespace nestor {

// No record comes, and only a wake ends a wait: a question that wakes nobody hangs.
class SilentSource : public EventSource {
 public:
  Result<size_t> Poll(std::chrono::milliseconds timeout, const RecordSink& /*sink*/) override {
    std::unique_lock lock(mutex_);
    if (timeout > std::chrono::milliseconds(0)) woken_.wait(lock, [this] { return wake_; });
    wake_ = false;
    return size_t{0};
  }
  void Wake() override {
    const std::lock_guard lock(mutex_);
    wake_ = true;
    woken_.notify_all();
  }
  void Finish() override {}

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
};

// A kernel in which nothing runs. `told` is read after the answer that it goes with, or the end.
class QuietKernel : public Probes {
 public:
  Status SetContainerRules(CgroupId container, const ContainerRules& rules) override {
    if (full) return Error::FailedPrecondition("the table is full");
    told[container] = rules;
    return {};
  }
  EventSource& events() override { return source; }

  Status Attach() override { return {}; }
  Result<std::vector<SeededProcess>> Seed() override { return std::vector<SeededProcess>(); }
  Result<std::vector<HopRecord>> Hops() override { return std::vector<HopRecord>(); }
  void ForgetHops(const std::vector<HopId>& /*hops*/) override {}
  Status ForgetOldNames() override { return {}; }
  const Inheritance& inheritance() const override { return inherited; }
  std::vector<std::string> warnings() const override { return {}; }
  void Remove() override {}
  Result<size_t> PrepareListeners(const std::vector<int>& /*namespaces*/) override {
    return size_t{0};
  }
  Status SetPeerKeys(const std::vector<PeerKey>& /*keys*/) override { return {}; }
  void SetRealtimeOffset(int64_t /*ns*/) override {}
  std::vector<LossRecord> TakeLosses() override { return lost; }
  void ConfirmLosses(const std::vector<LossRecord>& losses) override { confirmed = losses; }
  void LoadProgramsFor(const CompiledPolicies& /*policies*/) override {}
  Status LoadPolicies(const CompiledPolicies& /*policies*/,
                      const std::vector<std::pair<CgroupId, ContainerRules>>& /*rules*/) override {
    return {};
  }
  Status RemoveContainer(CgroupId /*container*/) override { return {}; }
  const std::vector<Capability>& capabilities() const override { return capabilities_; }

  SilentSource source;
  std::map<CgroupId, ContainerRules> told;
  bool full = false;
  Inheritance inherited;
  std::vector<LossRecord> lost;
  std::vector<LossRecord> confirmed;

 private:
  std::vector<Capability> capabilities_;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_PIPELINE_QUIET_KERNEL_H_
