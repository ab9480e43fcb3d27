// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_KERNEL_DECIDE_H_
#define NESTOR_TESTS_KERNEL_DECIDE_H_

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/kernel/node.h"
#include "tests/kernel/sandbox.h"

namespace nestor {

// One policy in force; `spec`: what stands in it beside its mode.
inline std::string InForce(const std::string& spec) {
  return R"(
apiVersion: nestor.dev/v1
kind: ChainPolicy
metadata: {name: test}
spec:
  mode: enforce
)" + spec;
}

// The same with one rule, as YAML's flow has it; more may follow, a line each.
inline std::string Enforce(const std::string& rule) {
  return InForce("  rules:\n  - " + rule + "\n");
}

// Refuses `/bin/true forbidden` to chains that came this way.
inline std::string Through(const std::string& way, const std::string& more = "") {
  return InForce("  chain: {through: {" + way + "}}\n  rules:\n  - {name: no-true, " + more +
                 "exec: {paths: [\"/**/true\"], args: [forbidden]}}\n");
}

// What denies all that these rules do not allow.
inline std::string DenyByDefault(const std::string& rules) {
  return InForce("  default: deny\n  rules:\n" + rules);
}

// The same policy in audit mode.
inline std::string Audited(std::string policy) {
  return policy.replace(policy.find("enforce"), 7, "audit");
}

// The exit code of a shell's command, in a container or outside.
inline int Sh(const Sandbox& container, const std::string& command) {
  return Wait(container.Exec({"/bin/sh", "-c", command}));
}

inline int ShOnHost(const std::string& command) {
  return Wait(StartChild([&] { return ExecHere({"/bin/sh", "-c", command}); }));
}

// A directory on the root file system, which is the container's image here.
class GuardedFiles {
 public:
  GuardedFiles() {
    EXPECT_EQ(ShOnHost("mkdir -p /opt/guarded && echo secret > /opt/guarded/secret && "
                       "cp /bin/true /opt/guarded/program"),
              0);
  }
  ~GuardedFiles() { EXPECT_EQ(ShOnHost("rm -rf /opt/guarded"), 0); }
};

class DecideTest : public testing::Test {
 protected:
  void SetUp() override { Node::Get().Forget(); }
  void TearDown() override { Node::Get().SetPolicy(""); }

  static std::vector<VerdictRecord> Verdicts() {
    return Only<VerdictRecord>(Node::Get().Drain(
        [](const std::vector<Record>& all) { return !Only<VerdictRecord>(all).empty(); }));
  }

  // "check /usr/bin/id": the stage and the subject of each.
  static std::vector<std::string> Said() {
    std::vector<std::string> said;
    for (const VerdictRecord& verdict : Verdicts())
      said.push_back(std::string(Name(verdict.stage)) + " " + verdict.subject.value);
    return said;
  }
};

}  // namespace nestor

#endif  // NESTOR_TESTS_KERNEL_DECIDE_H_
