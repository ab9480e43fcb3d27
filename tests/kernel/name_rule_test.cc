// SPDX-License-Identifier: Apache-2.0
// Connect rules that ask for names: what pods are told by name servers (names.py, real datagrams).
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/kernel/decide.h"

namespace nestor {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

constexpr char kNoPools[] = "{name: pools, connect: {names: [\"*.pool.test\"]}}";

class NameRuleTest : public DecideTest {
 protected:
  // In a network namespace of its own; which of the tries were refused, as bits.
  static pid_t Start(const Sandbox& container, const std::vector<std::string>& steps) {
    const std::string victim = VictimPath();
    std::vector<std::string> argv = {"/usr/bin/unshare", "-n", "/usr/bin/python3",
                                     victim.substr(0, victim.rfind('/')) + "/names.py"};
    argv.insert(argv.end(), steps.begin(), steps.end());
    return container.Exec(argv);
  }
  static int Refused(const Sandbox& container, const std::vector<std::string>& steps) {
    return Wait(Start(container, steps));
  }

  const Sandbox container_;
};

TEST_F(NameRuleTest, AnAddressGoesByTheNameThatItsPodWasTold) {
  Node::Get().Losses();
  Node::Get().SetPolicy(Enforce(kNoPools));

  EXPECT_EQ(Refused(container_, {"try:127.7.7.7", "tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7",
                                 "try:127.7.7.8", "send:127.7.7.7"}),
            0b1010);

  std::vector<std::string> peers;
  for (const VerdictRecord& verdict : Verdicts())
    peers.push_back(ToString(verdict.peer) + " " + verdict.subject.value);
  EXPECT_THAT(peers, ElementsAre("127.7.7.7:443 xmr.pool.test", "127.7.7.7:443 xmr.pool.test"));
  EXPECT_THAT(Node::Get().Losses(), IsEmpty());
}

TEST_F(NameRuleTest, InAuditModeItIsToldAndLetBe) {
  Node::Get().SetPolicy(Audited(Enforce(kNoPools)));

  EXPECT_EQ(Refused(container_, {"tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}), 0);

  const auto verdicts = Verdicts();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(verdicts[0].applied);
}

TEST_F(NameRuleTest, OtherNamesAndOtherPortsAreOthers) {
  Node::Get().SetPolicy(Enforce("{name: pools, connect: {names: [db.test], ports: [443]}}") +
                        "  - {name: more, connect: {names: [\"web*.test\"], ports: [80]}}\n");

  EXPECT_EQ(
      Refused(container_, {"tell:xdb.test=127.7.7.1", "tell:db.test.org=127.7.7.2",
                           "tell:web1.test=127.7.7.3", "tell:db.test=127.7.7.4", "try:127.7.7.1",
                           "try:127.7.7.2", "try:127.7.7.3", "try:127.7.7.4"}),
      0b1000);
}

TEST_F(NameRuleTest, HoweverItIsSpelledAndWhateverItIsAnAliasOf) {
  Node::Get().SetPolicy(Enforce(kNoPools));

  EXPECT_EQ(Refused(container_, {"tell:XMR.Pool.TEST=127.7.7.1", "try:127.7.7.1",
                                 "tell:harmless.test>a.pool.test=127.7.7.2", "try:127.7.7.2",
                                 "tell:b.pool.test>harmless.test=127.7.7.3", "try:127.7.7.3"}),
            0b111);
}

TEST_F(NameRuleTest, OverVersion6AndByAMappedAddress) {
  Node::Get().SetPolicy(Enforce(kNoPools));

  EXPECT_EQ(Refused(container_, {"try:::1", "tell6:six.pool.test=::1", "try:::1",
                                 "tell:four.pool.test=127.7.7.7", "try:::ffff:127.7.7.7"}),
            0b110);
}

TEST_F(NameRuleTest, AnAnswerThatWasOnlyLookedAtCounts) {
  Node::Get().SetPolicy(Enforce(kNoPools));

  EXPECT_EQ(Refused(container_, {"peek:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}), 0b1);
}

TEST_F(NameRuleTest, AnAddressOfManyNamesGoesByTheLastEight) {
  Node::Get().SetPolicy(Enforce(kNoPools));
  std::vector<std::string> steps = {"tell:xmr.pool.test=127.7.7.7"};
  for (int i = 0; i < 7; ++i) steps.push_back("tell:n" + std::to_string(i) + ".test=127.7.7.7");
  steps.insert(steps.end(), {"try:127.7.7.7", "tell:n7.test=127.7.7.7", "try:127.7.7.7"});

  EXPECT_EQ(Refused(container_, steps), 0b01);
}

TEST_F(NameRuleTest, WhatOnePodWasToldAnotherDoesNotKnow) {
  Node::Get().SetPolicy(Enforce(kNoPools));

  EXPECT_EQ(Refused(container_, {"tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}), 0b1);
  EXPECT_EQ(Refused(container_, {"try:127.7.7.7"}), 0);
}

TEST_F(NameRuleTest, ARuleThatComesLaterKnowsWhatWasToldBefore) {
  const std::string told = "/tmp/names-told", changed = "/tmp/names-changed";
  std::filesystem::remove(told);
  std::filesystem::remove(changed);
  Node::Get().SetPolicy(Enforce("{name: other, connect: {names: [other.test]}}"));
  const pid_t pod = Start(container_, {"tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7",
                                       "touch:" + told, "await:" + changed, "try:127.7.7.7"});
  while (!std::filesystem::exists(told)) usleep(50'000);
  Node::Get().SetPolicy(Enforce(kNoPools));
  EXPECT_EQ(ShOnHost("touch " + changed), 0);

  EXPECT_EQ(Wait(pod), 0b10);
}

TEST_F(NameRuleTest, ATtlThatIsLongerThanWhatIsRememberedCounts) {
  const std::string told = "/tmp/names-told", swept = "/tmp/names-swept";
  std::filesystem::remove(told);
  std::filesystem::remove(swept);
  Node::Get().SetPolicy(Enforce(kNoPools));
  const pid_t pod = Start(container_, {"tell:xmr.pool.test=127.7.7.7", "touch:" + told,
                                       "await:" + swept, "try:127.7.7.7"});
  while (!std::filesystem::exists(told)) usleep(50'000);
  sleep(3);  // what is remembered without a TTL is over
  EXPECT_TRUE(Node::Get().probes().ForgetOldNames().ok());
  EXPECT_EQ(ShOnHost("touch " + swept), 0);

  EXPECT_EQ(Wait(pod), 0b1);
}

// No answer stops the next one from being read; what is not read to its end is counted.
TEST_F(NameRuleTest, BadAnswersAreCountedAndTellNothing) {
  Node::Get().SetPolicy(Enforce("{name: some, connect: {names: [\"*\"], ports: [443]}}"));
  for (const char* kind : {"loop", "cut", "long", "label"}) {
    Node::Get().Losses();
    EXPECT_EQ(Refused(container_, {std::string("bad:") + kind, "try:127.7.7.7"}), 0) << kind;
    EXPECT_THAT(Node::Get().Losses(), Contains(Key("dns-answers"))) << kind;
  }
  EXPECT_EQ(Refused(container_, {"bad:short", "try:127.7.7.7"}), 0);
  EXPECT_EQ(Refused(container_, {"bad:counts", "try:127.7.7.7"}), 0b1) << "its first one is there";
  EXPECT_EQ(Refused(container_, {"bad:loop", "tell:a.test=127.7.7.7", "try:127.7.7.7"}), 0b1);
}

// The verifier says that nothing of it reads elsewhere; this, that nothing of it is believed amiss.
TEST_F(NameRuleTest, AnswersChangedAtRandomDoNotStopTheNextOne) {
  Node::Get().SetPolicy(Enforce("{name: other, connect: {names: [other.test]}}"));

  EXPECT_EQ(Refused(container_, {"random:1=1000", "try:127.7.7.7", "tell:other.test=127.7.7.8",
                                 "try:127.7.7.8"}),
            0b10);
}

// As drivers with pages of their own hand them on, and large ones.
TEST_F(NameRuleTest, AnAnswerThatLiesInAPageIsRead) {
  Node::Get().SetPolicy(Enforce(kNoPools));
  Node::Get().Losses();

  EXPECT_EQ(Refused(container_, {"spliced:xmr.pool.test=127.7.7.7", "try:127.7.7.7",
                                 "padded:b.pool.test=127.7.7.8", "try:127.7.7.8"}),
            0b11);
}

TEST_F(NameRuleTest, AFloodOfNamesIsBoundedToo) {
  Node::Get().SetPolicy(Enforce(kNoPools));
  Node::Get().Losses();

  EXPECT_EQ(Refused(container_, {"names:1100", "tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}),
            0);
  EXPECT_THAT(Node::Get().Losses(), Contains(Key("dns-names")));
  EXPECT_EQ(Refused(container_, {"tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}), 0b1);
}

TEST_F(NameRuleTest, AFloodOfOnePodIsBoundedAndLeavesRoomForOthers) {
  Node::Get().SetPolicy(Enforce(kNoPools));
  Node::Get().Losses();

  EXPECT_EQ(Refused(container_,
                    {"many:flood.test=1100", "tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}),
            0);
  EXPECT_THAT(Node::Get().Losses(), Contains(Key("dns-names")));
  EXPECT_EQ(Refused(container_, {"tell:xmr.pool.test=127.7.7.7", "try:127.7.7.7"}), 0b1);
  EXPECT_THAT(Node::Get().Losses(), Not(Contains(Key("dns-names"))));
}

}  // namespace
}  // namespace nestor
