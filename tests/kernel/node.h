// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_KERNEL_NODE_H_
#define NESTOR_TESTS_KERNEL_NODE_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/event/record.h"
#include "agent/kernel/probes.h"

namespace nestor {

// What stands for nestor's policies: one.yaml is in there.
inline constexpr char kGuardedDirectory[] = "/opt/nestor-guarded";

// All programs of nestor in this kernel, loaded once for all tests of the process.
class Node {
 public:
  static Node& Get();

  Probes& probes() { return *probes_; }

  // Compiles a policy's YAML and puts it in force; "" removes all. `named`: the containers whose
  // names are known, by cgroup.
  void SetPolicy(const std::string& yaml, const std::map<CgroupId, Workload>& named = {});
  // Drops what is in the rings: a test sees its own records only.
  void Forget();
  // What the kernel lost since the last call, by its counters' names.
  std::map<std::string, uint64_t> Losses();
  // Reads the rings until `enough` or nothing came for two seconds; all records since the last
  // call.
  std::vector<Record> Drain(const std::function<bool(const std::vector<Record>&)>& enough);
  // The same until the exit record of this process is there.
  std::vector<Record> DrainUntilExit(uint32_t tgid);

 private:
  Node();
  std::unique_ptr<Probes> probes_;
  uint64_t generation_ = 0;
};

// The records of one type, in order.
template <typename T>
std::vector<T> Only(const std::vector<Record>& records) {
  std::vector<T> found;
  for (const Record& record : records) {
    if (const T* one = std::get_if<T>(&record)) found.push_back(*one);
  }
  return found;
}

// The execs of processes whose executable ends in `name`.
std::vector<ExecRecord> ExecsOf(const std::vector<Record>& records, const std::string& name);
std::optional<HopRecord> FindHop(const std::vector<Record>& records, HopId id);

}  // namespace nestor

#endif  // NESTOR_TESTS_KERNEL_NODE_H_
