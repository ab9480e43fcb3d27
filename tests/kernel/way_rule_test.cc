// SPDX-License-Identifier: Apache-2.0
// Rules about the way that a chain came: which hops it has, and which containers it left.
#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Workload Named(const std::string& container) {
  return {"shop", "web-0", "uid", container, "id-" + container, "image"};
}

class WayRuleTest : public DecideTest {
 protected:
  static pid_t Say(const Sandbox& where, std::vector<std::string> words) {
    const std::string victim = VictimPath();
    words.insert(words.begin(),
                 {"/usr/bin/python3", victim.substr(0, victim.rfind('/')) + "/talk.py"});
    return where.Exec(words);
  }

  // What becomes of a command that `server` runs for `client`: the server's exit code.
  static int Ask(const Sandbox& server, const Sandbox& client) {
    const pid_t serving = Say(server, {"serve", "way", "1"});
    const pid_t asking = Say(client, {"ask", "way", "forbidden"});
    const int code = Wait(serving);
    Wait(asking);
    return code;
  }
};

TEST_F(WayRuleTest, AHopIsKnownHoweverManyCameAfterIt) {
  const Sandbox container;
  Node::Get().SetPolicy(Through("hops: [credential]"));

  EXPECT_EQ(Sh(container, "/bin/true forbidden"), 0);
  EXPECT_EQ(Sh(container, "unshare -n /bin/true forbidden"), 0);
  EXPECT_EQ(Sh(container, "setpriv --reuid 65534 --clear-groups sh -c '/bin/true forbidden'"), 126);
  EXPECT_EQ(Sh(container,
               "setpriv --reuid 65534 --clear-groups unshare -Urn sh -c 'unshare -n sh -c "
               "\"/bin/true forbidden\"'"),
            126);

  EXPECT_THAT(Verdicts(), SizeIs(2));
}

TEST_F(WayRuleTest, AnOriginIsAHop) {
  const Sandbox container;
  Wait(container.Exec({"/bin/true"}));  // its entrypoint
  Node::Get().SetPolicy(Through("hops: [runtime-exec]"));

  EXPECT_EQ(Sh(container, "/bin/true forbidden"), 126);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(WayRuleTest, AContainerIsLeftByWhoGoesOnToAnotherOne) {
  const Sandbox sidecar, main, other;
  Node::Get().SetPolicy(Through("containers: [shop/*/sidecar]"),
                        {{sidecar.cgroup_id(), Named("sidecar")},
                         {main.cgroup_id(), Named("main")},
                         {other.cgroup_id(), Named("other")}});

  EXPECT_EQ(Sh(sidecar, "/bin/true forbidden"), 0) << "it is in there still";
  EXPECT_EQ(Ask(sidecar, sidecar), 0);
  EXPECT_EQ(Ask(main, other), 0);
  EXPECT_THAT(Verdicts(), IsEmpty());
  EXPECT_NE(Ask(main, sidecar), 0);
  EXPECT_THAT(Verdicts(), SizeIs(1));
}

TEST_F(WayRuleTest, BothAreAskedFor) {
  const Sandbox sidecar, main;
  const std::map<CgroupId, Workload> named = {{sidecar.cgroup_id(), Named("sidecar")},
                                              {main.cgroup_id(), Named("main")}};
  Node::Get().SetPolicy(Through("containers: [sidecar], hops: [tcp]"), named);
  EXPECT_EQ(Ask(main, sidecar), 0);

  Node::Get().SetPolicy(Through("containers: [sidecar], hops: [tcp, unix-socket]"), named);
  EXPECT_NE(Ask(main, sidecar), 0);
}

TEST_F(WayRuleTest, AContainerWithoutAKnownNameMayBeAnyOfThem) {
  const Sandbox unnamed, main;
  const std::map<CgroupId, Workload> named = {{main.cgroup_id(), Named("main")}};
  Node::Get().SetPolicy(Through("containers: [sidecar]"), named);
  EXPECT_NE(Ask(main, unnamed), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, true)));

  Node::Get().SetPolicy(Through("containers: [sidecar]", "onTruncated: audit, "), named);
  EXPECT_EQ(Ask(main, unnamed), 0);
  EXPECT_THAT(Verdicts(), ElementsAre(Field(&VerdictRecord::applied, false)));

  Node::Get().SetPolicy(Through("containers: [sidecar], hops: [tcp]"), named);
  EXPECT_EQ(Ask(main, unnamed), 0) << "whoever it is: there is no tcp hop";
}

}  // namespace
}  // namespace nestor
