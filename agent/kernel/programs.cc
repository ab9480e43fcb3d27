// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/programs.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace nestor {
namespace {

constexpr size_t kMostThreads = 4;

std::string& LibbpfLog() {
  thread_local std::string log;
  return log;
}

int AddToLog(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  // A verifier's log comes as one message of up to megabytes; the reason stands at its end.
  constexpr size_t kKeptBytes = 4096;
  char* text = nullptr;
  const int length = vasprintf(&text, format, arguments);
  if (length < 0) return 0;
  std::string& log = LibbpfLog();
  log.append(text, static_cast<size_t>(length));
  std::free(text);
  if (log.size() > kKeptBytes) log.erase(0, log.size() - kKeptBytes);
  return 0;
}

// Each map of `object` is that of `maps`: both were opened from one file. 0, or a negative errno.
int ShareMaps(bpf_object* object, bpf_object* maps) {
  bpf_map* mine = nullptr;
  bpf_map* theirs = nullptr;
  while ((mine = bpf_object__next_map(object, mine)) &&
         (theirs = bpf_object__next_map(maps, theirs))) {
    if (const int error = bpf_map__reuse_fd(mine, bpf_map__fd(theirs))) return error;
  }
  return 0;
}

}  // namespace

void KeepLibbpfLog() { libbpf_set_print(AddToLog); }

std::string TakeLibbpfLog() { return std::exchange(LibbpfLog(), {}); }

// What one thread loads, and what came of it.
struct Programs::Batch {
  std::vector<Program> programs;
  size_t instructions = 0;
  Object object;
  int error = 0;
  std::string log;
};

void Programs::CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }

Programs::Programs(bpf_object* maps, std::span<const std::byte> file) : maps_(maps), file_(file) {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, maps) {
    bpf_program__set_autoload(program, false);
    known_.push_back({bpf_program__name(program), bpf_program__section_name(program)});
  }
}

Programs::~Programs() = default;

void Programs::LeaveOut(std::string_view name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [name](const Program& program) { return program.name == name; });
}

std::vector<Program> Programs::All() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

bpf_program* Programs::Find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(known_, name, &Program::name);
  return found == known_.end() ? nullptr : found->loaded;
}

// The next one goes to whom has least so far.
std::vector<Programs::Batch> Programs::Deal(const std::vector<Program>& wanted) const {
  const size_t threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  std::vector<Batch> batches(std::min(threads, wanted.size()));
  for (const Program& program : wanted) {
    const bpf_program* read =
        bpf_object__find_program_by_name(maps_, std::string(program.name).c_str());
    Batch& least = *std::ranges::min_element(batches, {}, &Batch::instructions);
    least.programs.push_back(program);
    least.instructions += bpf_program__insn_cnt(read);
  }
  return batches;
}

void Programs::LoadBatch(Batch& batch) const {
  TakeLibbpfLog();
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.object_name = bpf_object__name(maps_);
  batch.object.reset(bpf_object__open_mem(file_.data(), file_.size(), &options));
  batch.error = batch.object ? -ShareMaps(batch.object.get(), maps_) : errno;
  if (batch.error == 0) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, batch.object.get()) {
      const auto found =
          std::ranges::find(batch.programs, bpf_program__name(program), &Program::name);
      bpf_program__set_autoload(program, found != batch.programs.end());
    }
    batch.error = -bpf_object__load(batch.object.get());
  }
  batch.log = TakeLibbpfLog();
}

void Programs::Keep(Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const Program& program : batch.programs) {
    const auto known = std::ranges::find(known_, program.name, &Program::name);
    if (batch.error == 0) {
      known->loaded =
          bpf_object__find_program_by_name(batch.object.get(), std::string(program.name).c_str());
    } else {
      refused_.push_back({program, std::string(strerror(batch.error)) + "; " + batch.log});
      known_.erase(known);
    }
  }
  if (batch.error == 0) objects_.push_back(std::move(batch.object));
}

std::vector<Programs::Refused> Programs::TakeRefused() {
  const std::lock_guard lock(mutex_);
  return std::exchange(refused_, {});
}

void Programs::Load(const std::function<bool(const Program&)>& wanted) {
  std::vector<Program> missing = All();
  std::erase_if(missing,
                [&](const Program& program) { return program.loaded || !wanted(program); });
  if (missing.empty()) return;
  std::vector<Batch> batches = Deal(missing);
  {
    std::vector<std::jthread> threads;
    threads.reserve(batches.size());
    for (Batch& batch : batches) {
      try {
        threads.emplace_back([this, &batch] { LoadBatch(batch); });
      } catch (
          const std::system_error&) {  // no thread more, as by a limit of pids: it takes longer
        LoadBatch(batch);
      }
    }
  }
  for (Batch& batch : batches) {
    if (batch.error == 0 || batch.programs.size() == 1) {
      Keep(batch);
      continue;
    }
    // An object is loaded as a whole or not at all: which of them the kernel refuses shows alone.
    for (const Program& program : batch.programs) {
      Batch alone;
      alone.programs = {program};
      LoadBatch(alone);
      Keep(alone);
    }
  }
}

}  // namespace nestor
