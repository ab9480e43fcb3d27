// SPDX-License-Identifier: Apache-2.0
// pipeline_bench: what each stage of nestord costs for one life of a process, which is an exec
// event and an exit event. Each stage gets what the stages before it really make. The measured part
// of each benchmark is a function of its own, which tests/bench/instructions finds by its name.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/bench/life_records.h"
#include "tests/bench/stages.h"

namespace nestor::bench {
namespace {

constexpr size_t kLives = 4000;  // tests/bench/instructions divides by it, too

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

// What masking takes for one exec whose 31 KB of arguments were chosen to be dear; "work" is what
// the masker counts.
void BenchHostile(benchmark::State& state, const std::string& piece, bool in_one) {
  constexpr size_t kArgvBytes = 31'000;
  std::vector<std::string> argv = {"sh", "-c", ""};
  for (size_t used = 0; used + piece.size() < kArgvBytes; used += piece.size() + (in_one ? 0 : 1)) {
    if (in_one) {
      argv.back() += piece;
    } else {
      argv.push_back(piece);
    }
  }
  Masker masker = Need(Masker::Create({}));
  for (auto _ : state) {
    std::vector<std::string> masked = argv;
    masker.MaskArgv(masked);
    benchmark::DoNotOptimize(masked);
  }
  state.counters["work"] =
      benchmark::Counter(static_cast<double>(masker.work()), benchmark::Counter::kAvgIterations);
}

constexpr const char* kHostile[] = {"curl -uaaaa:b ", "pass:a ",     "a://:c@", "token:'", "-pw",
                                    "TOKEN=x",        "-----BEGIN ", "a"};

void AddHostile() {
  for (const char* piece : kHostile) {
    for (const bool in_one : {true, false}) {
      const std::string name = std::string(in_one ? "Hostile/one/" : "Hostile/many/") + piece;
      benchmark::RegisterBenchmark(name.c_str(), BenchHostile, piece, in_one)
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

// One iteration: a stage takes its input away.
BENCHMARK(BenchDecode)->Name("Decode")->Iterations(1);
BENCHMARK(BenchChain)->Name("Chain")->Iterations(1);
BENCHMARK(BenchMask)->Name("Mask")->Iterations(1);
BENCHMARK(BenchLog)->Name("Log")->Iterations(1);
BENCHMARK(BenchConvert)->Name("Convert")->Iterations(1);
BENCHMARK(BenchAll)->Name("All")->Iterations(1);

void RunAll(int argc, char** argv) {
  AddHostile();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace
}  // namespace nestor::bench

int main(int argc, char** argv) {
  nestor::bench::RunAll(argc, argv);
  return 0;
}
