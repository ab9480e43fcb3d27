// SPDX-License-Identifier: Apache-2.0
#include "agent/workload/workload_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "tests/unit/workload/container_id.h"

namespace nestor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kOther(64, 'b');

ListedContainer Listed(const std::string& id, const std::string& name) {
  ListedContainer listed;
  listed.id = id;
  listed.name = name;
  listed.sandbox = name.empty();
  listed.image = "shop/web:1";
  listed.pod = "web";
  listed.namespace_name = "shop";
  listed.pod_uid = "u1";
  listed.pod_labels = {{"app", "web"}};
  return listed;
}

// What the runtime would say, set by the test from its own thread.
class Script {
 public:
  void Set(std::vector<ListedContainer> list) {
    const std::lock_guard lock(mutex_);
    list_ = std::move(list);
  }
  void Fail(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    list_ = Error{ErrorCode::kUnavailable, reason};
  }
  // From now on List blocks until it is cancelled.
  void Hang() {
    const std::lock_guard lock(mutex_);
    hanging_ = true;
  }

  Result<std::vector<ListedContainer>> List() {
    std::unique_lock lock(mutex_);
    ++calls_;
    called_.notify_all();
    called_.wait(lock, [&] { return !hanging_ || cancelled_; });
    if (cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    return list_;
  }
  void Cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    called_.notify_all();
  }
  void WaitForCalls(int count) {
    std::unique_lock lock(mutex_);
    called_.wait_for(lock, std::chrono::seconds(20), [&] { return calls_ >= count; });
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable called_;
  Result<std::vector<ListedContainer>> list_ = std::vector<ListedContainer>();
  int calls_ = 0;
  bool hanging_ = false;
  bool cancelled_ = false;
};

class ScriptedLister : public ContainerLister {
 public:
  explicit ScriptedLister(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result<std::vector<ListedContainer>> List() override { return script_->List(); }
  Result<std::string> Describe() override { return std::string("fake 1.0 at unix:///fake"); }
  Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                              std::chrono::milliseconds /*deadline*/) override {
    auto list = script_->List();
    if (!list) return list.error();
    FoundContainer found;
    for (const ListedContainer& listed : *list) {
      if (listed.id == id) found.container = listed;
      if (listed.id == sandbox_id) found.sandbox = listed;
    }
    return found;
  }
  void Cancel() override { script_->Cancel(); }

 private:
  std::shared_ptr<Script> script_;
};

class WorkloadIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/workload-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    options_.cgroup_root = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(options_.cgroup_root); }

  WorkloadIndex Index() { return {options_, std::make_unique<ScriptedLister>(script_)}; }

  // What the worker named, up to 20 s later.
  static std::vector<NamedContainer> WaitForNames(WorkloadIndex& index) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < limit) {
      if (auto named = index.TakeNamed(); !named.empty()) return named;
      std::this_thread::yield();
    }
    return {};
  }

  WorkloadOptions options_;
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

TEST_F(WorkloadIndexTest, AnUnknownCgroupIsTheHost) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  EXPECT_TRUE(index.Lookup(7).host());
  EXPECT_FALSE(index.Lookup(7).pending);
}

TEST_F(WorkloadIndexTest, ACgroupWithoutAContainerIdIsTheHost) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, "sshd.service");
  EXPECT_TRUE(index.Lookup(7).host());
}

TEST_F(WorkloadIndexTest, AContainerThatWasListedAlreadyHasItsNameAtOnce) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, "cri-containerd-" + kId + ".scope");

  const Workload workload = index.Lookup(7);
  EXPECT_FALSE(workload.pending);
  EXPECT_EQ(workload.namespace_name, "shop");
  EXPECT_EQ(workload.pod, "web");
  EXPECT_EQ(workload.pod_uid, "u1");
  EXPECT_EQ(workload.container, "main");
  EXPECT_EQ(workload.container_id, kId);
  EXPECT_EQ(workload.image, "shop/web:1");
  EXPECT_FALSE(workload.sandbox);

  const auto named = index.TakeNamed();
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_EQ(named[0].cgroup, 7U);
  EXPECT_EQ(named[0].labels.at("app"), "web");
  EXPECT_FALSE(named[0].removed);
  EXPECT_THAT(index.TakeNamed(), IsEmpty());
}

TEST_F(WorkloadIndexTest, AContainerIsPendingUntilTheRuntimeListsIt) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  script_->Hang();
  index.Seen(7, kId);
  const Workload workload = index.Lookup(7);
  EXPECT_TRUE(workload.pending);
  EXPECT_EQ(workload.container_id, kId);
  EXPECT_EQ(workload.pod, "");
}

TEST_F(WorkloadIndexTest, AContainerSeenBeforeTheRuntimeKnowsItIsNamedLater) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  script_->WaitForCalls(3);  // the one of Start, and two that do not have it
  script_->Set({Listed(kId, "main")});
  const auto named = WaitForNames(index);
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_EQ(named[0].workload.container, "main");
  EXPECT_FALSE(index.Lookup(7).pending);
}

TEST_F(WorkloadIndexTest, ASecondCgroupOfOneNameIsNotNamed) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, "cri-containerd-" + kId + ".scope");
  index.Seen(8, kId);

  EXPECT_EQ(index.Lookup(7).container, "main");
  EXPECT_TRUE(index.Lookup(8).pending);
  EXPECT_EQ(index.Lookup(8).pod, "");
  EXPECT_THAT(index.TakeNamed(), SizeIs(1));
  EXPECT_EQ(index.doubted(), 1U);

  index.Seen(8, kId);  // once more
  EXPECT_EQ(index.doubted(), 1U);
}

TEST_F(WorkloadIndexTest, ACgroupCalledLikeAContainerThatEndedIsNotNamed) {
  ListedContainer ended = Listed(kId, "main");
  ended.ended = true;
  script_->Set({ended, Listed(kOther, "side")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Seen(8, kOther);

  EXPECT_TRUE(index.Lookup(7).pending);
  EXPECT_EQ(index.Lookup(8).container, "side");
  EXPECT_EQ(index.doubted(), 1U);
}

// Its cgroup is seen, and gone, before the runtime is asked.
TEST_F(WorkloadIndexTest, AContainerThatEndsAtOnceIsNamed) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Removed(7);
  ListedContainer ended = Listed(kId, "main");
  ended.ended = true;
  script_->Set({ended});

  ASSERT_THAT(WaitForNames(index), SizeIs(1));
  EXPECT_EQ(index.Lookup(7).container, "main");
  EXPECT_EQ(index.doubted(), 0U);
}

TEST_F(WorkloadIndexTest, TheSandboxIsNamedByItsPodAlone) {
  script_->Set({Listed(kId, "")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  EXPECT_TRUE(index.Lookup(7).sandbox);
  EXPECT_EQ(index.Lookup(7).pod, "web");
  EXPECT_EQ(index.Lookup(7).container, "");
}

TEST_F(WorkloadIndexTest, ContainersThatRanBeforeAreFoundInTheCgroupTree) {
  std::filesystem::create_directories(options_.cgroup_root + "/kubepods/podx/" + kId);
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  const auto named = index.TakeNamed();
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_EQ(index.Lookup(named[0].cgroup).container, "main");
}

TEST_F(WorkloadIndexTest, AMissingCgroupRootIsSaidAndTheIndexStillWorks) {
  options_.cgroup_root += "/none";
  WorkloadIndex index = Index();
  const Status status = index.Start();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("/none"));
  script_->Set({Listed(kId, "main")});
  index.Seen(7, kId);
  EXPECT_THAT(WaitForNames(index), SizeIs(1));
}

TEST_F(WorkloadIndexTest, ARuntimeThatIsDownAtStartIsAskedAgain) {
  script_->Fail("no such socket");
  WorkloadIndex index = Index();
  const Status status = index.Start();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "no such socket");
  EXPECT_FALSE(index.cri_available());
  EXPECT_EQ(index.cri_detail(), "no such socket");
  EXPECT_GE(index.failed_lookups(), 1U);

  script_->Set({Listed(kId, "main")});
  index.Seen(7, kId);
  EXPECT_THAT(WaitForNames(index), SizeIs(1));
  EXPECT_TRUE(index.cri_available());
  EXPECT_EQ(index.cri_detail(), "fake 1.0 at unix:///fake");
}

TEST_F(WorkloadIndexTest, ARuntimeThatGoesAwayIsSaidAndKnownNamesStay) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  script_->Fail("connection refused");
  const int before = script_->calls();
  index.Seen(8, kOther);
  script_->WaitForCalls(before + 2);  // the first of the two is then taken in
  EXPECT_FALSE(index.cri_available());
  EXPECT_EQ(index.cri_detail(), "connection refused");
  EXPECT_EQ(index.Lookup(7).container, "main");
}

TEST_F(WorkloadIndexTest, BeyondTheBoundTheOldestLookupIsDroppedCountedAndFoundByARelist) {
  options_.max_pending = 1;
  options_.relist_interval = std::chrono::seconds(0);
  script_->Fail("down");
  WorkloadIndex index = Index();
  ASSERT_FALSE(index.Start().ok());
  index.Seen(7, kId);
  index.Seen(8, kOther);
  EXPECT_EQ(index.dropped_lookups(), 1U);
  script_->Set({Listed(kId, "main"), Listed(kOther, "side")});
  EXPECT_THAT(WaitForNames(index), SizeIs(2));
}

TEST_F(WorkloadIndexTest, ARemovedContainerKeepsItsNameForLateEvents) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Removed(7);
  EXPECT_EQ(index.Lookup(7).container, "main");
}

TEST_F(WorkloadIndexTest, ANameThatComesAfterTheRemovalSaysSo) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Removed(7);
  script_->Set({Listed(kId, "main")});
  const auto named = WaitForNames(index);
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_TRUE(named[0].removed);
}

TEST_F(WorkloadIndexTest, ARemovedContainerIsForgottenAfterItsGrace) {
  options_.removed_grace = std::chrono::seconds(0);
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Removed(7);
  static_cast<void>(index.TakeNamed());
  script_->Set({Listed(kOther, "side")});
  index.Seen(8, kOther);  // its answer is the list that ends the grace
  ASSERT_THAT(WaitForNames(index), SizeIs(1));
  EXPECT_TRUE(index.Lookup(7).host());
}

TEST_F(WorkloadIndexTest, AContainerWhoseRemovalWasLostIsForgottenWhenTheRuntimeForgotIt) {
  options_.removed_grace = std::chrono::seconds(0);
  options_.relist_interval = std::chrono::seconds(0);
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  script_->Set({});
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!index.Lookup(7).host() && std::chrono::steady_clock::now() < limit) {
    static_cast<void>(index.TakeNamed());
    std::this_thread::yield();
  }
  EXPECT_TRUE(index.Lookup(7).host());
}

TEST_F(WorkloadIndexTest, ACgroupNumberThatComesAgainIsTheNewContainer) {
  script_->Set({Listed(kId, "main"), Listed(kOther, "side")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  index.Removed(7);
  index.Seen(7, kOther);
  EXPECT_EQ(index.Lookup(7).container, "side");
  const auto named = index.TakeNamed();
  ASSERT_THAT(named, SizeIs(2));
  EXPECT_FALSE(named[1].removed);
}

TEST_F(WorkloadIndexTest, LookupsAndTheEndDoNotWaitForARuntimeThatHangs) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  script_->Hang();
  const int before = script_->calls();
  index.Seen(7, kId);
  script_->WaitForCalls(before + 1);
  EXPECT_TRUE(index.Lookup(7).pending);
  EXPECT_THAT(index.TakeNamed(), IsEmpty());
  // The destructor cancels the call.
}

TEST_F(WorkloadIndexTest, WithoutAnEndpointNoNameIsPromised) {
  WorkloadIndex index(options_, nullptr);
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  EXPECT_EQ(index.Lookup(7).container_id, kId);
  EXPECT_FALSE(index.Lookup(7).pending);
  EXPECT_FALSE(index.cri_available());
}

TEST_F(WorkloadIndexTest, AnEndpointThatIsNoSocketIsAnError) {
  options_.cri_endpoint = "tcp://1.2.3.4";
  WorkloadIndex index(options_);
  const Status status = index.Start();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("tcp://1.2.3.4"));
}

// What a hook told of kId, joined with the CRI's word.
PreparedContainer Prepared(const std::string& pod, bool labelled, bool confirmed) {
  PreparedContainer prepared;
  prepared.cgroup = 7;
  prepared.names = Listed(kId, "main");
  prepared.names.pod = pod;
  prepared.told = prepared.names;
  if (!labelled) prepared.names.pod_labels.clear();
  prepared.labelled = labelled;
  prepared.confirmed = confirmed;
  return prepared;
}

TEST_F(WorkloadIndexTest, APreparedContainerHasNamesBeforeItIsSeen) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  const NamedContainer named = index.Prepare(Prepared("web", true, true));
  EXPECT_TRUE(named.labelled);
  EXPECT_EQ(named.labels.at("app"), "web");
  index.Seen(7, kId);
  EXPECT_FALSE(index.Lookup(7).pending);
  EXPECT_EQ(index.Lookup(7).pod, "web");
  EXPECT_EQ(index.name_wait().count, 1u);
}

TEST_F(WorkloadIndexTest, APreparedContainerIsComparedWithTheCrisWord) {
  script_->Set({});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  EXPECT_EQ(index.Prepare(Prepared("impostor", true, false)).workload.pod, "impostor");
  script_->Set({Listed(kId, "main")});
  const auto named = WaitForNames(index);
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_EQ(named[0].hook_said, "shop/impostor/main (pod u1)");
  EXPECT_EQ(named[0].workload.pod, "web");
  // From then on the hook's word is nothing.
  EXPECT_EQ(index.Prepare(Prepared("impostor", true, false)).workload.pod, "web");
}

TEST_F(WorkloadIndexTest, ALabelThatComesLaterIsTold) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  EXPECT_FALSE(index.Prepare(Prepared("web", false, false)).labelled);
  EXPECT_FALSE(index.Lookup(7).pending);
  ListedContainer without = Listed(kId, "main");
  without.pod_labels.clear();  // also where there turn out to be none
  script_->Set({without});
  const auto named = WaitForNames(index);
  ASSERT_THAT(named, SizeIs(1));
  EXPECT_TRUE(named[0].labelled);
  EXPECT_EQ(named[0].hook_said, "");
}

TEST_F(WorkloadIndexTest, APreparedContainerReplacesOneWithTheSameCgroupNumber) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kOther);
  EXPECT_EQ(index.Prepare(Prepared("web", true, true)).workload.container_id, kId);
  EXPECT_EQ(index.Lookup(7).container_id, kId);
}

TEST_F(WorkloadIndexTest, AHookDoesNotChangeWhatTheCriHasSaid) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  const NamedContainer named = index.Prepare(Prepared("impostor", true, false));
  EXPECT_EQ(named.workload.pod, "web");
  EXPECT_EQ(named.hook_said, "shop/impostor/main (pod u1)");
  EXPECT_EQ(index.Lookup(7).pod, "web");
}

TEST_F(WorkloadIndexTest, AnImageIsWrittenInManyWaysAndAHookMayKnowNoUid) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  PreparedContainer prepared = Prepared("web", true, true);
  prepared.told.image = "sha256:11";
  prepared.told.pod_uid.clear();
  EXPECT_EQ(index.Prepare(prepared).hook_said, "");
}

TEST_F(WorkloadIndexTest, TheTimeToANameIsCounted) {
  WorkloadIndex index = Index();
  ASSERT_TRUE(index.Start().ok());
  index.Seen(7, kId);
  EXPECT_EQ(index.name_wait().count, 0U);
  static_cast<void>(index.Prepare(Prepared("web", true, true)));
  EXPECT_EQ(index.name_wait().count, 1U);
  EXPECT_EQ(index.name_wait().longest, index.name_wait().total);
}

TEST_F(WorkloadIndexTest, FindAsksTheRuntime) {
  script_->Set({Listed(kId, "main")});
  WorkloadIndex index = Index();
  const auto found = index.Find(kId, kOther, std::chrono::milliseconds(100));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->container);
  EXPECT_FALSE(found->sandbox);
  EXPECT_FALSE(WorkloadIndex(options_, nullptr).Find(kId, kOther, std::chrono::milliseconds(100)));
}

}  // namespace
}  // namespace nestor
