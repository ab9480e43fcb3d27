// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/node.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/agents/marks.h"
#include "agent/kernel/decode.h"
#include "agent/policy/compile.h"
#include "agent/policy/document.h"

namespace nestor {
namespace {

// A broken fixture is no test's failure: say why and end.
[[noreturn]] void Fatal(const Error& error) {
  std::fprintf(stderr, "kernel tests cannot start: %s\n", error.message.c_str());
  std::exit(1);
}

Result<std::shared_ptr<const AgentMarks>> Agents() {
  static const auto& marks = *new auto(std::make_shared<Result<AgentMarks>>(MakeAgentMarks({})));
  if (!*marks) return marks->error();
  return std::shared_ptr<const AgentMarks>(marks, &**marks);
}

// Before the first test: its children must be seen from their start.
class LoadFirst : public testing::Environment {
 public:
  void SetUp() override { Node::Get(); }
};
[[maybe_unused]] const testing::Environment* const kLoadFirst =
    testing::AddGlobalTestEnvironment(new LoadFirst);

}  // namespace

Node& Node::Get() {
  static Node* const node = new Node;
  return *node;
}

Node::Node() {
  ProbeOptions options;
  options.node_scope = true;
  options.pin_directory = "";
  options.remember_names = std::chrono::seconds(2);  // name_rule_test: TTLs are longer
  options.guarded_paths = {kGuardedDirectory};
  std::filesystem::create_directories(kGuardedDirectory);
  std::ofstream(std::string(kGuardedDirectory) + "/one.yaml") << "one\n";
  auto probes = Probes::Open(options);
  if (!probes) Fatal(probes.error());
  probes_ = std::move(*probes);
  if (Status status = probes_->Attach(); !status) Fatal(status.error());
  if (auto seeded = probes_->Seed(); !seeded) Fatal(seeded.error());
}

void Node::SetPolicy(const std::string& yaml, const std::map<CgroupId, Workload>& named) {
  std::vector<PolicyDocument> documents;
  if (!yaml.empty()) {
    auto parsed = ParsePolicies(yaml, "test.yaml");
    ASSERT_TRUE(parsed) << parsed.error().message;
    documents = std::move(*parsed);
  }
  auto compiled = Compile(documents, ++generation_, Agents);
  ASSERT_TRUE(compiled) << compiled.error().message;
  std::vector<std::pair<CgroupId, ContainerRules>> containers;
  for (const auto& [cgroup, workload] : named)
    containers.emplace_back(
        cgroup, ContainerRules{RulesFor(*compiled, workload, {}), PlacesOf(*compiled, workload)});
  const Status status = probes_->LoadPolicies(*compiled, containers);
  ASSERT_TRUE(status) << status.error().message;
}

void Node::Forget() {
  for (int quiet = 0; quiet < 2;) {
    auto count = probes_->events().Poll(std::chrono::milliseconds(50), [](auto) {});
    ASSERT_TRUE(count) << count.error().message;
    quiet = *count == 0 ? quiet + 1 : 0;
  }
}

std::map<std::string, uint64_t> Node::Losses() {
  std::map<std::string, uint64_t> lost;
  const std::vector<LossRecord> grown = probes_->TakeLosses();
  for (const LossRecord& loss : grown) lost[loss.where] = loss.count;
  probes_->ConfirmLosses(grown);
  return lost;
}

std::vector<Record> Node::Drain(const std::function<bool(const std::vector<Record>&)>& enough) {
  std::vector<Record> records;
  for (;;) {
    auto count = probes_->events().Poll(std::chrono::seconds(2), [&](auto bytes) {
      auto record = Decode(bytes);
      ASSERT_TRUE(record) << record.error().message;
      records.push_back(std::move(*record));
    });
    EXPECT_TRUE(count) << count.error().message;
    if (!count || enough(records)) return records;
    // A busy source looks once without waiting: only a second empty look means silence.
    if (*count == 0) {
      auto again = probes_->events().Poll(std::chrono::seconds(2), [&](auto bytes) {
        auto record = Decode(bytes);
        if (record) records.push_back(std::move(*record));
      });
      if (!again || *again == 0 || enough(records)) return records;
    }
  }
}

std::vector<Record> Node::DrainUntilExit(uint32_t tgid) {
  return Drain([tgid](const std::vector<Record>& records) {
    for (const Record& record : records) {
      const auto* exit = std::get_if<ExitRecord>(&record);
      if (exit && exit->actor.self.tgid == tgid) return true;
    }
    return false;
  });
}

std::vector<ExecRecord> ExecsOf(const std::vector<Record>& records, const std::string& name) {
  std::vector<ExecRecord> found;
  for (ExecRecord& exec : Only<ExecRecord>(records)) {
    if (exec.exe.value.ends_with(name)) found.push_back(std::move(exec));
  }
  return found;
}

std::optional<HopRecord> FindHop(const std::vector<Record>& records, HopId id) {
  for (HopRecord& hop : Only<HopRecord>(records)) {
    if (hop.id == id) return std::move(hop);
  }
  return std::nullopt;
}

}  // namespace nestor
