// SPDX-License-Identifier: Apache-2.0
// verifier_cost [COUNT]: loads the BPF programs, all of them by one thread, and prints what the
// verifier needed for each, dearest first, then how long the parts of a load took. verifier_cost
// COUNT PROGRAM: the lines of one program that it looked at most often. Root, inside the VM.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"
#include "bpf/nestor_skeleton.skel.h"

namespace {

constexpr int kStatistics = 4;  // the kernel's BPF_LOG_STATS: a few lines at the end, no trace
constexpr int kTrace = 2;       // BPF_LOG_LEVEL2: each instruction as often as it is looked at
constexpr size_t kLogBytes = 64 << 10;
constexpr size_t kTraceBytes = 512 << 20;

double NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Cost {
  bpf_program* program = nullptr;
  std::string log;
  unsigned long instructions = 0, states = 0;
  double ms = 0;
};

// The number after `word`; 0: there is none.
double NumberAfter(const std::string& log, std::string_view word) {
  const size_t at = log.find(word);
  return at == std::string::npos ? 0 : std::strtod(log.c_str() + at + word.size(), nullptr);
}

void Read(Cost& cost) {
  cost.instructions = static_cast<unsigned long>(NumberAfter(cost.log, "processed "));
  cost.states = static_cast<unsigned long>(NumberAfter(cost.log, "total_states "));
  cost.ms = NumberAfter(cost.log, "verification time ") / 1e3;
}

void Print(std::vector<Cost>& costs, size_t shown) {
  std::ranges::sort(costs, [](const Cost& a, const Cost& b) { return a.ms > b.ms; });
  unsigned long instructions = 0;
  double ms = 0;
  for (const Cost& cost : costs) {
    instructions += cost.instructions;
    ms += cost.ms;
  }
  std::printf("%-32s %12s %9s %9s\n", "program", "instructions", "states", "ms");
  for (size_t i = 0; i < std::min(shown, costs.size()); ++i) {
    std::printf("%-32s %12lu %9lu %9.1f\n", bpf_program__name(costs[i].program),
                costs[i].instructions, costs[i].states, costs[i].ms);
  }
  std::printf("%-32s %12lu %9s %9.1f\n", ("all " + std::to_string(costs.size())).c_str(),
              instructions, "", ms);
}

// An instruction is "12: (b7) r0 = 0 ...", and stands behind the last "; source @ file:line".
int ShowLines(const std::string& log, size_t shown) {
  std::map<std::string, unsigned long> looks;
  std::istringstream lines(log);
  std::string line, source = "(no line)";
  while (std::getline(lines, line)) {
    const size_t number = line.find_first_not_of("0123456789");
    if (line.starts_with("; ")) source = line.substr(2);
    if (number != std::string::npos && number > 0 && line.compare(number, 3, ": (") == 0) {
      ++looks[source];
    }
  }
  std::vector<std::pair<unsigned long, std::string>> order;
  order.reserve(looks.size());
  for (const auto& [text, count] : looks) order.emplace_back(count, text);
  std::ranges::sort(order, std::greater<>());
  for (size_t i = 0; i < std::min(shown, order.size()); ++i) {
    std::printf("%9lu  %s\n", order[i].first, order[i].second.c_str());
  }
  return order.empty() ? 1 : 0;
}

int ShowProgram(nestor_skeleton* skeleton, const char* name, size_t shown) {
  bpf_program* wanted = bpf_object__find_program_by_name(skeleton->obj, name);
  if (!wanted) {
    std::fprintf(stderr, "verifier_cost: there is no program '%s'\n", name);
    return 2;
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    bpf_program__set_autoload(program, program == wanted);
  }
  std::string log(kTraceBytes, '\0');
  bpf_program__set_log_level(wanted, kTrace);
  bpf_program__set_log_buf(wanted, log.data(), log.size());
  // ENOSPC: the trace is longer; from 6.4 on its end is what was kept.
  const bool fine = nestor_skeleton__load(skeleton) == 0 || errno == ENOSPC;
  log.resize(log.find('\0'));
  if (!fine) {
    std::fputs(log.c_str() + log.size() - std::min(log.size(), kLogBytes), stderr);
    return 1;
  }
  return ShowLines(log, shown);
}

// As on a kernel with the LSM and without peers.
bool IsLoaded(const bpf_program* program, bool has_receive_tracepoint) {
  const std::string_view name = bpf_program__name(program);
  if (name == "on_receive") return has_receive_tracepoint;
  return !name.starts_with("fentry_") && !name.starts_with("remote_");
}

}  // namespace

int main(int argc, char** argv) {
  const size_t shown = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10;
  const double begin = NowMs();
  btf* kernel = btf__load_vmlinux_btf();
  const bool receives = btf__find_by_name(kernel, "btf_trace_sock_recv_length") >= 0;
  btf__free(kernel);
  const double types = NowMs();
  nestor_skeleton* skeleton = nestor_skeleton__open();
  if (!skeleton) return 1;
  if (argc > 2) return ShowProgram(skeleton, argv[2], shown);
  std::vector<Cost> costs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    const bool loaded = IsLoaded(program, receives);
    bpf_program__set_autoload(program, loaded);
    if (loaded) costs.push_back({program, std::string(kLogBytes, '\0')});
  }
  for (Cost& cost : costs) {
    bpf_program__set_log_level(cost.program, kStatistics);
    bpf_program__set_log_buf(cost.program, cost.log.data(), cost.log.size());
  }
  const double open = NowMs();
  if (nestor_skeleton__load(skeleton) != 0) {
    for (const Cost& cost : costs) std::fputs(cost.log.c_str(), stderr);
    return 1;
  }
  const double loaded = NowMs();
  for (Cost& cost : costs) Read(cost);
  Print(costs, shown);
  for (const Cost& cost : costs) {
    if (std::string_view(bpf_program__section_name(cost.program)).starts_with("iter/")) continue;
    bpf_program__attach(cost.program);
  }
  std::printf("the kernel's types %.0f ms, open %.0f ms, load %.0f ms, attach %.0f ms\n",
              types - begin, open - types, loaded - open, NowMs() - loaded);
  nestor_skeleton__destroy(skeleton);
  return 0;
}
