// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/preparer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kId(64, 'a');
const std::string kSandboxId(64, 'b');

OciContainer Told() {
  OciContainer told;
  told.id = kId;
  told.pid = 7;
  told.sandbox_id = kSandboxId;
  told.name = "main";
  told.image = "shop/web:1";
  told.pod = "web-0";
  told.namespace_name = "shop";
  return told;
}

ListedContainer Listed(const std::string& id, const std::string& name) {
  ListedContainer listed;
  listed.id = id;
  listed.name = name;
  listed.sandbox = name.empty();
  listed.image = name.empty() ? "" : "shop/web:1";
  listed.pod = "web-0";
  listed.namespace_name = "shop";
  listed.pod_uid = "u1";
  listed.pod_labels = {{"app", "web"}};
  return listed;
}

TEST(JoinWithCriTest, TheCrisWordComesFirst) {
  const auto joined = JoinWithCri(Told(), {Listed(kId, "main"), Listed(kSandboxId, "")});
  EXPECT_TRUE(joined.labelled);
  EXPECT_TRUE(joined.confirmed);
  EXPECT_EQ(joined.names.pod_uid, "u1");
  EXPECT_EQ(joined.names.pod_labels.at("app"), "web");
}

TEST(JoinWithCriTest, AContainerThatIsNotListedYetGetsItsPodsLabels) {
  const auto joined = JoinWithCri(Told(), {std::nullopt, Listed(kSandboxId, "")});
  EXPECT_TRUE(joined.labelled);
  EXPECT_FALSE(joined.confirmed);
  EXPECT_FALSE(joined.names.sandbox);
  EXPECT_EQ(joined.names.id, kId);
  EXPECT_EQ(joined.names.name, "main");
  EXPECT_EQ(joined.names.image, "shop/web:1");
  EXPECT_EQ(joined.names.pod_labels.at("app"), "web");
}

TEST(JoinWithCriTest, WithoutTheCriThereAreNamesOnly) {
  const auto joined = JoinWithCri(Told(), {});
  EXPECT_FALSE(joined.labelled);
  EXPECT_FALSE(joined.confirmed);
  EXPECT_EQ(joined.names.pod, "web-0");
  EXPECT_THAT(joined.names.pod_labels, IsEmpty());
}

TEST(JoinWithCriTest, WhatTheHookSaidGoesAlong) {
  OciContainer told = Told();
  told.namespace_name = "other";
  const auto joined = JoinWithCri(told, {std::nullopt, Listed(kSandboxId, "")});
  EXPECT_EQ(joined.names.namespace_name, "shop");
  EXPECT_EQ(joined.told.namespace_name, "other");
}

class FakeLister : public ContainerLister {
 public:
  explicit FakeLister(std::shared_ptr<Result<FoundContainer>> answer)
      : answer_(std::move(answer)) {}
  Result<std::vector<ListedContainer>> List() override { return std::vector<ListedContainer>(); }
  Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                              milliseconds deadline) override {
    EXPECT_EQ(id, kId);
    EXPECT_EQ(sandbox_id, kSandboxId);
    EXPECT_EQ(deadline, milliseconds(1000));
    return *answer_;
  }
  Result<std::string> Describe() override { return std::string("fake"); }
  void Cancel() override {}

 private:
  std::shared_ptr<Result<FoundContainer>> answer_;
};

// One process, 7, in one cgroup.
class PreparerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(directory_.path() + "/proc/7");
    std::filesystem::create_directories(directory_.path() + "/cgroup/pod/" + kId + "/nested");
    SetCgroup("/pod/" + kId);
  }

  void SetCgroup(const std::string& path) {
    std::ofstream(directory_.path() + "/proc/7/cgroup") << "0::" << path << "\n";
  }

  HookAnswer Ask(const std::string& state) {
    WorkloadOptions options;
    options.cgroup_root = directory_.path() + "/cgroup";
    WorkloadIndex index(options, std::make_unique<FakeLister>(found_));
    const Preparer preparer(
        index, options.cgroup_root,
        [&](PreparedContainer container) -> Result<bool> {
          handed_over_ = container;
          if (!kernel_) return kernel_.error();
          return container.labelled;
        },
        directory_.path() + "/proc");
    HookAnswer answer = preparer.Prepare(state, milliseconds(2000));
    ready_ = index.hook_counts().ready;
    named_ = index.hook_counts().named;
    failed_ = index.hook_counts().failed;
    return answer;
  }

  static std::string State(const std::string& id = kId, const std::string& type = "container") {
    return R"({"id": ")" + id + R"(", "pid": 7, "annotations": {
      "io.kubernetes.cri.container-type": ")" +
           type + R"(",
      "io.kubernetes.cri.container-name": "main", "io.kubernetes.cri.sandbox-id": ")" +
           kSandboxId + R"("}})";
  }

  const TempDir directory_;
  std::shared_ptr<Result<FoundContainer>> found_ = std::make_shared<Result<FoundContainer>>(
      FoundContainer{Listed(kId, "main"), Listed(kSandboxId, "")});
  Status kernel_;
  std::optional<PreparedContainer> handed_over_;
  uint64_t ready_ = 0, named_ = 0, failed_ = 0;
};

TEST_F(PreparerTest, TheCgroupIsTheKernelsWord) {
  const HookAnswer answer = Ask(State());
  EXPECT_EQ(answer.outcome, HookOutcome::kReady) << answer.reason;
  struct stat info{};
  ASSERT_EQ(stat((directory_.path() + "/cgroup/pod/" + kId).c_str(), &info), 0);
  ASSERT_TRUE(handed_over_);
  EXPECT_EQ(handed_over_->cgroup, info.st_ino);
  EXPECT_EQ(ready_, 1u);
}

TEST_F(PreparerTest, ANestedCgroupIsItsContainersAndSoIsOneSeenFromANamespace) {
  SetCgroup("/pod/" + kId + "/nested");
  EXPECT_EQ(Ask(State()).outcome, HookOutcome::kReady);
  const CgroupId direct = handed_over_->cgroup;
  SetCgroup("/../../pod/" + kId);
  EXPECT_EQ(Ask(State()).outcome, HookOutcome::kReady);
  EXPECT_EQ(handed_over_->cgroup, direct);
}

TEST_F(PreparerTest, AProcessOfAnotherContainerIsRefused) {
  const HookAnswer answer = Ask(State(std::string(64, 'c')));
  EXPECT_EQ(answer.outcome, HookOutcome::kFailed);
  EXPECT_THAT(answer.reason, HasSubstr("not in container"));
  EXPECT_FALSE(handed_over_);
  EXPECT_EQ(failed_, 1u);
}

TEST_F(PreparerTest, AProcessOutsideOfContainersAndAMissingOneAreRefused) {
  SetCgroup("/system/sshd.service");
  EXPECT_THAT(Ask(State()).reason, HasSubstr("no container's"));
  SetCgroup("/../../gone/" + std::string(64, 'c'));
  EXPECT_THAT(Ask(State(std::string(64, 'c'))).reason, HasSubstr("0 cgroups"));
  std::filesystem::remove_all(directory_.path() + "/proc/7");
  EXPECT_THAT(Ask(State()).reason, HasSubstr("/7/cgroup"));
  EXPECT_FALSE(handed_over_);
}

TEST_F(PreparerTest, WithoutTheRuntimesWordTheNamesCountAndTheAnswerIsAFailure) {
  *found_ = Error{ErrorCode::kUnavailable, "the runtime sleeps"};
  const HookAnswer answer = Ask(State());
  EXPECT_EQ(answer.outcome, HookOutcome::kFailed);
  EXPECT_EQ(answer.reason, "the runtime sleeps");
  ASSERT_TRUE(handed_over_);
  EXPECT_EQ(handed_over_->names.name, "main");
  EXPECT_FALSE(handed_over_->labelled);
  EXPECT_EQ(failed_, 1u);
}

TEST_F(PreparerTest, ASandboxThatIsNotListedYetIsNamed) {
  *found_ = FoundContainer();
  EXPECT_EQ(Ask(State(kId, "sandbox")).outcome, HookOutcome::kNamed);
  EXPECT_EQ(named_, 1u);
  EXPECT_EQ(Ask(State()).outcome, HookOutcome::kFailed);  // a container's sandbox runs
}

TEST_F(PreparerTest, RulesThatCannotBeLoadedAreAFailure) {
  kernel_ = Error::Internal("the map is full");
  EXPECT_EQ(Ask(State()).reason, "the map is full");
  EXPECT_EQ(ready_, 0u);
  EXPECT_EQ(failed_, 1u);
}

TEST_F(PreparerTest, WhatIsNoStateIsRefused) {
  EXPECT_THAT(Ask("{").reason, HasSubstr("no JSON"));
  EXPECT_EQ(failed_, 1u);
}

}  // namespace
}  // namespace nestor
