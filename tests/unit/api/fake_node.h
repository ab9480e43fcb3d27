// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_UNIT_API_FAKE_NODE_H_
#define NESTOR_TESTS_UNIT_API_FAKE_NODE_H_

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/api/node.h"
#include "tests/unit/api/samples.h"

namespace nestor {

// A node whose chains are what the test says, with a real event log.
class FakeNode : public Node {
 public:
  explicit FakeNode(EventLogOptions options = {}) : log_(options) {}

  // Appends `count` exec events of `pod`, numbered on.
  void Append(int count, const std::string& pod = "web", size_t cwd_bytes = 0) {
    for (; count > 0; --count) {
      Event event = BareEvent(EventType::kExec, kChainId);
      event.seq = ++seq_;
      event.time_ns = seq_ * 1'000'000'000;
      event.workload = SampleWorkload(pod);
      event.process = SampleProcess(42, "/bin/sh");
      event.process.cwd.assign(cwd_bytes, 'x');
      log_.Append(Mask(std::move(event)));
    }
    log_.Flush();
  }

  void SetChains(std::vector<ChainInfo> chains) {
    const std::lock_guard lock(mutex_);
    chains_ = std::move(chains);
  }
  void Fail(Error error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  void CloseLog() { log_.Close(); }

  Result<Masked<std::vector<ChainInfo>>> Chains(bool include_ended) override {
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    std::vector<ChainInfo> chains = chains_;
    if (!include_ended) std::erase_if(chains, [](const ChainInfo& chain) { return !chain.alive; });
    return Mask(std::move(chains));
  }
  Result<Masked<ChainInfo>> Explain(uint32_t pid) override {
    if (pid != 42) return Error::NotFound("no process " + std::to_string(pid));
    return Mask(SampleChain());
  }
  Result<Masked<std::vector<AgentInfo>>> Agents(bool include_ended) override {
    AgentInfo ended = SampleAgent();
    ended.alive = false;
    std::vector<AgentInfo> agents{SampleAgent(), ended};
    if (!include_ended) agents.pop_back();
    return Mask(std::move(agents));
  }
  NodeStatus GetStatus() override {
    NodeStatus status;
    status.ready = true;
    status.node = "node-a";
    status.boot_id = "boot-1";
    status.last_seq = log_.last_seq();
    return status;
  }
  const EventLog& events() const override { return log_; }

 private:
  EventLog log_;
  uint64_t seq_ = 0;
  std::mutex mutex_;
  std::vector<ChainInfo> chains_;
  std::optional<Error> failure_;
};

}  // namespace nestor

#endif  // NESTOR_TESTS_UNIT_API_FAKE_NODE_H_
