// SPDX-License-Identifier: Apache-2.0
// pipeline_bench: what each stage of nestord costs for one life of a process, which is an exec
// event and an exit event. Each stage gets what the stages before it really make. The measured part
// of each benchmark is a function of its own, which tests/bench/instructions finds by its name.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "agent/agents/recogniser.h"
#include "agent/api/convert.h"
#include "agent/chain/chain_graph.h"
#include "agent/kernel/decode.h"
#include "agent/mask/masker.h"
#include "agent/store/event_log.h"
#include "tests/bench/life_records.h"

namespace nestor::bench {
namespace {

constexpr size_t kLives = 4000;  // tests/bench/instructions divides by it, too
constexpr uint64_t kReapEveryNs = 1'000'000'000;

template <typename T>
T Need(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

Workload Container(CgroupId) {
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
  ChainGraph graph{ChainOptions{}, Container, [](ProcessKey) { return std::nullopt; },
                   [](uint64_t, uint32_t, VerdictInfo&) {},
                   [this](const ProcessInfo& process, const Workload& workload) {
                     return recogniser.Recognise(process, workload);
                   }};
  Masker masker = Need(Masker::Create({}));
  EventLog log{EventLogOptions{}};
  NodeIdentity identity{"node-7", "f3b7f6a0-3a0e-4b6b-a1c9-5e0d1a2b3c4d"};
  WireWriter wire;
  uint64_t last_seq = 0;
  uint64_t reap_ns = 0;
};

// ---- the measured parts, for all lives ----

[[gnu::noinline]] void MeasureDecode(const std::vector<Bytes>& records, std::vector<Record>& out) {
  for (const Bytes& record : records) out.push_back(Need(Decode(record)));
}

[[gnu::noinline]] void MeasureChain(Stages& stages, std::vector<Record>& records,
                                    std::vector<Event>& out) {
  for (Record& record : records) {
    for (Event& event : stages.Chain(std::move(record))) out.push_back(std::move(event));
  }
}

[[gnu::noinline]] void MeasureMask(Stages& stages, std::vector<Event>& events,
                                   std::vector<Masked<Event>>& out) {
  for (Event& event : events) out.push_back(stages.Mask(std::move(event)));
}

[[gnu::noinline]] void MeasureLog(Stages& stages, std::vector<Masked<Event>>& events) {
  for (Masked<Event>& event : events) stages.log.Append(std::move(event));
}

[[gnu::noinline]] void MeasureConvert(Stages& stages, const EventLog::Batch& batch) {
  for (const auto& event : batch.events) stages.Convert(*event);
}

[[gnu::noinline]] void MeasureAll(Stages& stages, const std::vector<Bytes>& records) {
  for (const Bytes& record : records) {
    for (Event& event : stages.Chain(Need(Decode(record)))) {
      stages.log.Append(stages.Mask(std::move(event)));
    }
    for (const auto& event : stages.log.Read(stages.last_seq, 1, {}).events) {
      stages.Convert(*event);
    }
  }
}

// ---- what goes before them, and is not measured ----

std::vector<Bytes> LifeBytes() {
  std::vector<Bytes> records;
  for (size_t life = 0; life < kLives; ++life) {
    records.push_back(ExecRecordBytes(life));
    records.push_back(ExitRecordBytes(life));
  }
  return records;
}

std::vector<Record> Decoded() {
  std::vector<Record> records;
  MeasureDecode(LifeBytes(), records);
  return records;
}

std::vector<Event> Chained(Stages& stages) {
  std::vector<Event> events;
  std::vector<Record> records = Decoded();
  MeasureChain(stages, records, events);
  return events;
}

std::vector<Masked<Event>> MaskedEvents(Stages& stages) {
  std::vector<Masked<Event>> masked;
  std::vector<Event> events = Chained(stages);
  MeasureMask(stages, events, masked);
  return masked;
}

// "life" is the time of one life.
void Report(benchmark::State& state) {
  using benchmark::Counter;
  state.counters["life"] = Counter(kLives, Counter::kIsIterationInvariantRate | Counter::kInvert);
}

void BenchDecode(benchmark::State& state) {
  const std::vector<Bytes> records = LifeBytes();
  std::vector<Record> out;
  out.reserve(records.size());
  for (auto _ : state) MeasureDecode(records, out);
  Report(state);
}

void BenchChain(benchmark::State& state) {
  Stages stages;
  std::vector<Record> records = Decoded();
  std::vector<Event> out;
  out.reserve(records.size());
  for (auto _ : state) MeasureChain(stages, records, out);
  Report(state);
}

void BenchMask(benchmark::State& state) {
  Stages stages;
  std::vector<Event> events = Chained(stages);
  std::vector<Masked<Event>> out;
  out.reserve(events.size());
  for (auto _ : state) MeasureMask(stages, events, out);
  Report(state);
}

void BenchLog(benchmark::State& state) {
  Stages stages;
  std::vector<Masked<Event>> events = MaskedEvents(stages);
  for (auto _ : state) MeasureLog(stages, events);
  Report(state);
}

void BenchConvert(benchmark::State& state) {
  Stages stages;
  const uint64_t first = stages.last_seq + 1;
  for (Masked<Event>& event : MaskedEvents(stages)) stages.log.Append(std::move(event));
  const EventLog::Batch batch = stages.log.Read(first, 2 * kLives, {});
  for (auto _ : state) MeasureConvert(stages, batch);
  Report(state);
}

void BenchAll(benchmark::State& state) {
  Stages stages;
  const std::vector<Bytes> records = LifeBytes();
  for (auto _ : state) MeasureAll(stages, records);
  Report(state);
}

// One iteration: a stage takes its input away.
BENCHMARK(BenchDecode)->Name("Decode")->Iterations(1);
BENCHMARK(BenchChain)->Name("Chain")->Iterations(1);
BENCHMARK(BenchMask)->Name("Mask")->Iterations(1);
BENCHMARK(BenchLog)->Name("Log")->Iterations(1);
BENCHMARK(BenchConvert)->Name("Convert")->Iterations(1);
BENCHMARK(BenchAll)->Name("All")->Iterations(1);

}  // namespace
}  // namespace nestor::bench

BENCHMARK_MAIN();
