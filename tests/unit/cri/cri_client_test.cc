// SPDX-License-Identifier: Apache-2.0
#include "agent/cri/cri_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "runtime/v1/api.grpc.pb.h"

namespace nestor {
namespace {

namespace cri = ::runtime::v1;

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr milliseconds kDeadline{5000};

CriSandbox Sandbox(const std::string& id, const std::string& pod) {
  return {id, pod, "shop", "u1", {{"app", "web"}}};
}

TEST(JoinWithPodsTest, AContainerGetsThePodOfItsSandbox) {
  const auto listed =
      JoinWithPods({{"c1", "main", "s1", "shop/web:1", {}}}, {Sandbox("s1", "web")});
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_TRUE(listed[0].sandbox);
  EXPECT_EQ(listed[0].id, "s1");
  EXPECT_EQ(listed[0].name, "");
  EXPECT_EQ(listed[0].pod, "web");
  EXPECT_FALSE(listed[1].sandbox);
  EXPECT_EQ(listed[1].id, "c1");
  EXPECT_EQ(listed[1].name, "main");
  EXPECT_EQ(listed[1].pod, "web");
  EXPECT_EQ(listed[1].namespace_name, "shop");
  EXPECT_EQ(listed[1].pod_uid, "u1");
  EXPECT_EQ(listed[1].image, "shop/web:1");
  EXPECT_EQ(listed[1].pod_labels.at("app"), "web");
}

TEST(JoinWithPodsTest, TheKubeletsLabelsNameBeforeTheRuntimesMetadata) {
  const std::map<std::string, std::string> labels = {{"io.kubernetes.pod.name", "web-2"},
                                                     {"io.kubernetes.pod.namespace", "other"},
                                                     {"io.kubernetes.pod.uid", "u2"},
                                                     {"io.kubernetes.container.name", "app"}};
  const auto listed = JoinWithPods({{"c1", "main", "s1", "i", labels}}, {Sandbox("s1", "web")});
  EXPECT_EQ(listed[1].name, "app");
  EXPECT_EQ(listed[1].pod, "web-2");
  EXPECT_EQ(listed[1].namespace_name, "other");
  EXPECT_EQ(listed[1].pod_uid, "u2");
}

TEST(JoinWithPodsTest, AContainerWhoseSandboxIsGoneIsNamedByItsOwnLabels) {
  const auto listed =
      JoinWithPods({{"c1", "main", "s9", "i", {{"io.kubernetes.pod.name", "web"}}}}, {});
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].pod, "web");
  EXPECT_THAT(listed[0].pod_labels, IsEmpty());
}

// A runtime with one pod, on a unix socket of its own.
class FakeRuntime : public cri::RuntimeService::Service, public cri::ImageService::Service {
 public:
  grpc::Status Version(grpc::ServerContext*, const cri::VersionRequest*,
                       cri::VersionResponse* answer) override {
    answer->set_runtime_name("fake");
    answer->set_runtime_version("1.2.3");
    answer->set_runtime_api_version("v1");
    return grpc::Status::OK;
  }
  grpc::Status ListPodSandbox(grpc::ServerContext*, const cri::ListPodSandboxRequest* request,
                              cri::ListPodSandboxResponse* answer) override {
    Remember(sandbox_filter_, request->filter().id());
    cri::PodSandbox* sandbox = answer->add_items();
    sandbox->set_id("s1");
    sandbox->mutable_metadata()->set_name("web");
    sandbox->mutable_metadata()->set_namespace_("shop");
    sandbox->mutable_metadata()->set_uid("u1");
    (*sandbox->mutable_labels())["app"] = "web";
    return grpc::Status::OK;
  }
  grpc::Status ListContainers(grpc::ServerContext* context,
                              const cri::ListContainersRequest* request,
                              cri::ListContainersResponse* answer) override {
    Remember(container_filter_, request->filter().id());
    if (hang.load()) {
      asked.set_value();
      while (!context->IsCancelled()) std::this_thread::yield();
      return grpc::Status::CANCELLED;
    }
    cri::Container* container = answer->add_containers();
    container->set_id("c1");
    container->set_pod_sandbox_id("s1");
    container->mutable_metadata()->set_name("main");
    container->mutable_image()->set_image("sha256:11");
    return grpc::Status::OK;
  }
  grpc::Status ListImages(grpc::ServerContext*, const cri::ListImagesRequest*,
                          cri::ListImagesResponse* answer) override {
    ++image_lists;
    cri::Image* image = answer->add_images();
    image->set_id("sha256:11");
    image->add_repo_tags("shop/web:1");
    answer->add_images()->set_id("sha256:22");  // without a name
    return grpc::Status::OK;
  }

  std::atomic<bool> hang{false};
  std::atomic<int> image_lists{0};
  std::promise<void> asked;

  // What the last question asked for.
  std::string container_filter() const { return Remembered(container_filter_); }
  std::string sandbox_filter() const { return Remembered(sandbox_filter_); }

 private:
  // A thread of gRPC answers, the test reads.
  void Remember(std::string& place, const std::string& id) {
    const std::lock_guard lock(mutex_);
    place = id;
  }
  std::string Remembered(const std::string& place) const {
    const std::lock_guard lock(mutex_);
    return place;
  }

  mutable std::mutex mutex_;
  std::string container_filter_, sandbox_filter_;
};

class CriClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/cri-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    endpoint_ = "unix://" + directory_ + "/cri.sock";
  }
  void TearDown() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(directory_);
  }

  void Serve(bool with_images = true) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(endpoint_, grpc::InsecureServerCredentials());
    builder.RegisterService(static_cast<cri::RuntimeService::Service*>(&runtime_));
    if (with_images) builder.RegisterService(static_cast<cri::ImageService::Service*>(&runtime_));
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  std::unique_ptr<CriClient> Client(milliseconds deadline = kDeadline) {
    auto client = CriClient::Create(endpoint_, deadline);
    return client ? std::move(*client) : nullptr;
  }

  std::string directory_;
  std::string endpoint_;
  FakeRuntime runtime_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CriClientTest, SaysWhichRuntimeAnswersWhere) {
  Serve();
  const auto description = Client()->Describe();
  ASSERT_TRUE(description.ok());
  EXPECT_EQ(*description, "fake 1.2.3 at " + endpoint_);
}

TEST_F(CriClientTest, ListsContainersWithTheirPodsAndImageNames) {
  Serve();
  const auto listed = Client()->List();
  ASSERT_TRUE(listed.ok());
  ASSERT_THAT(*listed, SizeIs(2));
  EXPECT_EQ((*listed)[1].id, "c1");
  EXPECT_EQ((*listed)[1].name, "main");
  EXPECT_EQ((*listed)[1].pod, "web");
  EXPECT_EQ((*listed)[1].image, "shop/web:1");
}

TEST_F(CriClientTest, FindsAContainerAndItsSandboxByTheirWholeIds) {
  Serve();
  const auto found = Client()->Find("c1", "s1", kDeadline);
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(found->container);
  EXPECT_EQ(found->container->name, "main");
  EXPECT_EQ(found->container->image, "shop/web:1");
  ASSERT_TRUE(found->sandbox);
  EXPECT_EQ(found->sandbox->pod_labels.at("app"), "web");
  EXPECT_EQ(runtime_.container_filter(), "c1");
  EXPECT_EQ(runtime_.sandbox_filter(), "s1");
}

TEST_F(CriClientTest, WhatTheRuntimeListsForAPrefixIsNotFound) {
  Serve();
  const auto found = Client()->Find("c", "s", kDeadline);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->container);
  EXPECT_FALSE(found->sandbox);
}

TEST_F(CriClientTest, FindHasADeadlineOfItsOwn) {
  Serve();
  runtime_.hang = true;
  const auto found = Client(milliseconds(60'000))->Find("c1", "s1", milliseconds(50));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(CriClientTest, AsksForImagesOnlyWhenOneIsNew) {
  Serve();
  const auto client = Client();
  ASSERT_TRUE(client->List().ok());
  ASSERT_TRUE(client->List().ok());
  EXPECT_EQ(runtime_.image_lists.load(), 1);
}

TEST_F(CriClientTest, KeepsImageIdsWhereTheSocketOffersNoImages) {
  Serve(/*with_images=*/false);
  const auto listed = Client()->List();
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ((*listed)[1].image, "sha256:11");
}

TEST_F(CriClientTest, NamesTheSocketThatDoesNotAnswer) {
  const auto listed = Client()->List();
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(listed.error().message, HasSubstr(endpoint_));
}

TEST_F(CriClientTest, GivesUpAtTheDeadline) {
  Serve();
  runtime_.hang = true;
  const auto listed = Client(milliseconds(50))->List();
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(CriClientTest, CancelEndsARunningCallAndEveryLaterOne) {
  Serve();
  runtime_.hang = true;
  const auto client = Client(milliseconds(60'000));
  auto listed = std::async(std::launch::async, [&] { return client->List(); });
  runtime_.asked.get_future().wait();
  client->Cancel();
  EXPECT_EQ(listed.get().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(client->Version().error().code, ErrorCode::kCancelled);
}

TEST(CriClientCreateTest, TakesUnixSocketsOnly) {
  for (const char* endpoint : {"", "/run/cri.sock", "tcp://1.2.3.4:5", "unix://relative"}) {
    EXPECT_FALSE(CriClient::Create(endpoint, kDeadline).ok()) << endpoint;
  }
}

}  // namespace
}  // namespace nestor
