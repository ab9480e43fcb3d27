// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_BENCH_STAGES_H_
#define NESTOR_TESTS_BENCH_STAGES_H_

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/agents/recogniser.h"
#include "agent/api/convert.h"
#include "agent/chain/chain_graph.h"
#include "agent/kernel/decode.h"
#include "agent/mask/masker.h"
#include "agent/store/event_log.h"
#include "tests/bench/life_records.h"

namespace nestor::bench {

constexpr uint64_t kReapEveryNs = 1'000'000'000;

template <typename T>
T Need(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

inline Workload Container(CgroupId) {
  Workload workload;
  workload.namespace_name = "shop-production";
  workload.pod = "image-worker-6c9f7d5b84-x2x7q";
  workload.pod_uid = "8a1c5f1e-6d0b-4f0e-9a45-0c2be3f4d711";
  workload.container = "worker";
  workload.container_id = std::string(64, 'c');
  workload.image = "registry.example/shop/image-worker:v1.42.0";
  return workload;
}

// The stages of nestord's pipeline, wired as it does.
struct Stages {
  Stages() {
    for (const Bytes& bytes : {HopRecordBytes(), EntrypointRecordBytes()}) {
      for (Event& event : Chain(Need(Decode(bytes)))) log.Append(Mask(std::move(event)));
    }
  }

  std::vector<Event> Chain(Record record) {
    const uint64_t now_ns = std::visit([](const auto& one) { return one.time_ns; }, record);
    std::vector<Event> events = graph.Apply(std::move(record));
    if (now_ns >= reap_ns) graph.Reap(now_ns);
    if (now_ns >= reap_ns) reap_ns = now_ns + kReapEveryNs;
    return events;
  }

  Masked<Event> Mask(Event event) {
    event.seq = ++last_seq;
    event.time_ns = event.boot_ns;
    return masker.Mask(std::move(event));
  }

  void Convert(const Masked<Event>& event) {
    wire.Clear();
    Write(event, identity, wire);
  }

  AgentRecogniser recogniser = Need(AgentRecogniser::Create({}));
  ChainGraph graph{ChainOptions{},
                   Container,
                   [](ProcessKey) { return std::nullopt; },
                   [](uint64_t, uint32_t, VerdictInfo&) {},
                   [this](const ProcessInfo& process, const Workload& workload) {
                     return recogniser.Recognise(process, workload);
                   },
                   [](ProcessKey) { return std::vector<uint32_t>(); }};
  Masker masker = Need(Masker::Create({}));
  EventLog log{EventLogOptions{}};
  NodeIdentity identity{"node-7", "f3b7f6a0-3a0e-4b6b-a1c9-5e0d1a2b3c4d"};
  WireWriter wire;
  uint64_t last_seq = 0;
  uint64_t reap_ns = 0;
};

}  // namespace nestor::bench

#endif  // NESTOR_TESTS_BENCH_STAGES_H_
