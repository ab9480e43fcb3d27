// SPDX-License-Identifier: Apache-2.0
// Programs known by the SHA-256 of their file.
#include <array>
#include <cstdio>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// As sha256sum says it.
std::string DigestOf(const std::string& file) {
  FILE* out = popen(("sha256sum " + file).c_str(), "r");
  std::array<char, 65> digest{};
  EXPECT_EQ(fread(digest.data(), 1, 64, out), 64u);
  pclose(out);
  return digest.data();
}

class DigestTest : public DecideTest {};

TEST_F(DigestTest, AProgramIsKnownWhateverItIsCalled) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(
      Enforce("{name: bad, exec: {sha256: [" + DigestOf("/opt/guarded/program") + "]}}"));

  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 126);
  EXPECT_EQ(Sh(container, "cp /opt/guarded/program /opt/guarded/ls; /opt/guarded/ls"), 126);
  EXPECT_EQ(Sh(container, "cp /opt/guarded/ls /tmp/x; echo >> /tmp/x; /tmp/x"), 0)
      << "another file";
  EXPECT_EQ(Sh(container, "ls / > /dev/null"), 0);
  EXPECT_THAT(Said(), ElementsAre("check /opt/guarded/program", "check /opt/guarded/ls"));
}

TEST_F(DigestTest, AScriptAndItsInterpreterAreTwoFiles) {
  const GuardedFiles guarded;
  const Sandbox container;
  ASSERT_EQ(ShOnHost("printf '#!/bin/sh\\nexit 0\\n' > /opt/guarded/script; "
                     "chmod +x /opt/guarded/script; cp /bin/sh /opt/guarded/shell"),
            0);
  Node::Get().SetPolicy(
      Enforce("{name: script, exec: {sha256: [" + DigestOf("/opt/guarded/script") + "]}}"));
  EXPECT_EQ(Sh(container, "/opt/guarded/script"), 126);
  EXPECT_THAT(Said(), ElementsAre("check /opt/guarded/script"));

  Node::Get().SetPolicy(Enforce("{name: shell, exec: {sha256: [" + DigestOf("/bin/sh") + "]}}"));
  EXPECT_EQ(Wait(container.Exec({"/opt/guarded/script"})), kKilled)
      << "it comes into the container";
  EXPECT_EQ(Wait(container.Exec({"/bin/true"})), 0);
}

TEST_F(DigestTest, OnlyWhatIsListedRuns) {
  const GuardedFiles guarded;
  const Sandbox container;
  Node::Get().SetPolicy(DenyByDefault(R"(  - {name: known, action: allow, exec: {sha256: [)" +
                                      DigestOf("/bin/sh") + ", " +
                                      DigestOf("/opt/guarded/program") + "]}}\n"));

  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 0);
  EXPECT_EQ(Sh(container, "/bin/ls"), 126);
  EXPECT_EQ(Sh(container, "echo x >> /opt/guarded/program; /opt/guarded/program"), 126);
}

TEST_F(DigestTest, AuditTellsAndARuleThatIsGoneSaysNothing) {
  const GuardedFiles guarded;
  const Sandbox container;
  const std::string policy =
      Enforce("{name: bad, exec: {sha256: [" + DigestOf("/opt/guarded/program") + "]}}");
  Node::Get().SetPolicy(Audited(policy));
  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(testing::Field(&VerdictRecord::applied, false)));

  Node::Get().SetPolicy(Enforce("{name: other, exec: {paths: [/opt/guarded/other]}}"));
  EXPECT_EQ(Sh(container, "/opt/guarded/program"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
}

// A rule of another container's: what comes in is hashed, and that is all.
TEST_F(DigestTest, WhereNoRuleAsksItDoesNotCount) {
  const GuardedFiles guarded;
  const Sandbox asked, other;
  const std::string policy = InForce(
      "  selector: {containers: [asked]}\n  rules:\n  - {name: bad, "
      "exec: {sha256: [" +
      DigestOf("/opt/guarded/program") + "]}}\n");
  Node::Get().SetPolicy(policy,
                        {{asked.cgroup_id(), {"shop", "web-0", "uid", "asked", "id-1", "image"}},
                         {other.cgroup_id(), {"shop", "web-0", "uid", "other", "id-2", "image"}}});

  EXPECT_EQ(Wait(other.Exec({"/opt/guarded/program"})), 0);
  EXPECT_EQ(Sh(other, "/opt/guarded/program && /opt/guarded/program"), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_EQ(Wait(asked.Exec({"/opt/guarded/program"})), kKilled);
}

// Else the hash would be of what the file was before.
TEST_F(DigestTest, AProgramThatRunsIsNotWrittenTo) {
  const GuardedFiles guarded;
  const Sandbox container;
  EXPECT_EQ(Sh(container,
               "cp /bin/sleep /opt/guarded/sleep; /opt/guarded/sleep 30 & sleep 1; "
               "! (echo x >> /opt/guarded/sleep) 2>/dev/null; said=$?; kill $!; exit $said"),
            0);
}

}  // namespace
}  // namespace nestor
