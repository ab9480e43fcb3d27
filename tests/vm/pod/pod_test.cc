// SPDX-License-Identifier: Apache-2.0
// The parts of the pod tool that need no runtime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/vm/pod/exec.h"
#include "tests/vm/pod/log.h"
#include "tests/vm/pod/manifest.h"
#include "tests/vm/pod/names.h"
#include "tests/vm/pod/pod_config.h"
#include "tests/vm/pod/spdy.h"

namespace nestor::pod {
namespace {

namespace cri = ::runtime::v1;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/pod-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name) << text;
    return directory_ + "/" + name;
  }

  std::string directory_;
};

class ManifestTest : public FileTest {
 protected:
  Result<Manifests> Read(const std::string& text) { return ReadManifests({Write("a.yaml", text)}); }
};

TEST_F(ManifestTest, ReadsWhatAPodSays) {
  const auto manifests = Read(R"yaml(
kind: Pod
metadata: {name: web, namespace: shop, uid: u1, labels: {app: web}}
spec:
  hostPID: true
  volumes: [{name: v, hostPath: {path: /srv, type: Directory}}]
  containers:
    - name: main
      image: busybox
      command: [sh, -c]
      args: ["echo $(A)"]
      env: [{name: A, value: b}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
      volumeMounts: [{name: v, mountPath: /v, readOnly: true, mountPropagation: HostToContainer}]
      securityContext: {runAsUser: 7, capabilities: {add: [SYS_PTRACE]}, allowPrivilegeEscalation: false}
)yaml");
  ASSERT_TRUE(manifests.ok()) << manifests.error().message;
  ASSERT_THAT(manifests->pods, SizeIs(1));
  const PodSpec& pod = manifests->pods[0];
  EXPECT_EQ(pod.namespace_name, "shop");
  EXPECT_EQ(pod.uid, "u1");
  EXPECT_TRUE(pod.host_pid);
  const auto config = ContainerConfig(pod, pod.containers[0], "sha256:1",
                                      {"node", "10.0.0.1", "", {{"v", "/srv"}}}, {});
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->args(), ElementsAre("echo b"));
  EXPECT_EQ(config->envs(1).value(), "10.0.0.1");
  EXPECT_EQ(config->mounts(0).host_path(), "/srv");
  EXPECT_EQ(config->mounts(0).propagation(), cri::PROPAGATION_HOST_TO_CONTAINER);
  const auto& security = config->linux().security_context();
  EXPECT_EQ(security.run_as_user().value(), 7);
  EXPECT_TRUE(security.no_new_privs());
  EXPECT_EQ(security.namespace_options().pid(), cri::NODE);
  EXPECT_EQ(security.namespace_options().network(), cri::POD);
  EXPECT_EQ(config->labels().at(kContainerNameLabel), "main");
}

TEST_F(ManifestTest, NamesEveryFieldThatItDoesNotSupport) {
  const auto manifests = Read(R"(
kind: Pod
metadata: {name: web}
spec:
  runtimeClassName: kata
  volumes: [{name: s, secret: {secretName: x}}]
  containers: [{name: a, image: b, envFrom: [], lifecycle: {}}]
)");
  ASSERT_FALSE(manifests.ok());
  for (const char* field : {"runtimeClassName", "secret", "envFrom", "lifecycle"}) {
    EXPECT_THAT(manifests.error().message, HasSubstr(field));
  }
}

TEST_F(ManifestTest, ADaemonSetIsOnePodOfItsTemplate) {
  const auto manifests = Read(R"(
kind: ServiceAccount
metadata: {name: nestor}
---
kind: DaemonSet
metadata: {name: nestor, namespace: security}
spec:
  selector: {matchLabels: {app: nestor}}
  template:
    metadata: {labels: {app: nestor}}
    spec: {containers: [{name: d, image: i}]}
)");
  ASSERT_TRUE(manifests.ok()) << manifests.error().message;
  EXPECT_THAT(manifests->skipped, ElementsAre("ServiceAccount/nestor"));
  const PodSpec& pod = manifests->pods.at(0);
  EXPECT_TRUE(pod.name.starts_with("nestor-") && pod.name.size() == 12) << pod.name;
  EXPECT_EQ(pod.namespace_name, "security");
  EXPECT_EQ(pod.labels.at("app"), "nestor");
  EXPECT_FALSE(pod.uid.empty());
}

TEST_F(ManifestTest, NamesThatAreNoNamesAreErrors) {
  EXPECT_FALSE(
      Read("{kind: Pod, metadata: {name: ../x}, spec: {containers: [{name: a, image: b}]}}").ok());
  EXPECT_FALSE(
      Read("{kind: Pod, metadata: {name: x, uid: a/b}, spec: {containers: [{name: a, image: b}]}}")
          .ok());
  EXPECT_FALSE(
      Read("{kind: Pod, metadata: {name: x}, spec: {containers: [{name: .., image: b}]}}").ok());
  EXPECT_FALSE(Read("{kind: ConfigMap, metadata: {name: x}, data: {'a/b': c}}").ok());
}

TEST_F(ManifestTest, AVariableOfAMissingConfigMapIsAnError) {
  const auto manifests = Read(R"(
kind: Pod
metadata: {name: web}
spec: {containers: [{name: a, image: b, env: [{name: X, valueFrom: {configMapKeyRef: {name: m, key: k}}}]}]}
)");
  ASSERT_TRUE(manifests.ok());
  const PodSpec& pod = manifests->pods[0];
  EXPECT_FALSE(ContainerConfig(pod, pod.containers[0], "i", {}, manifests->config_maps).ok());
  const auto config =
      ContainerConfig(pod, pod.containers[0], "i", {}, {{"default/m", {{"k", "v"}}}});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->envs(0).value(), "v");
}

TEST(ExpandVariablesTest, DoesAsKubernetesDoes) {
  const StringMap variables = {{"A", "1"}};
  EXPECT_EQ(ExpandVariables("x$(A)y$(B)z", variables), "x1y$(B)z");
  EXPECT_EQ(ExpandVariables("$$(A) $A $( $", variables), "$(A) $A $( $");
}

TEST(PodConfigTest, APodOnTheHostsNetworkKeepsTheHostsName) {
  PodSpec pod;
  pod.name = "web";
  EXPECT_EQ(SandboxConfig(pod).hostname(), "web");
  pod.host_network = true;
  EXPECT_EQ(SandboxConfig(pod).hostname(), "");
}

using LogTest = FileTest;

TEST_F(LogTest, PutsCutLinesTogether) {
  const std::string path = Write("0.log",
                                 "2026-01-01T00:00:00.1Z stdout P one \n"
                                 "2026-01-01T00:00:00.2Z stdout F two\n"
                                 "2026-01-01T00:00:00.3Z stderr F \n");
  std::ostringstream out;
  ASSERT_TRUE(PrintLog(path, out).ok());
  EXPECT_EQ(out.str(), "one two\n\n");
}

TEST_F(LogTest, AForeignLineIsAnErrorThatNamesIt) {
  std::ostringstream out;
  const Status status = PrintLog(Write("0.log", "hello\n"), out);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("0.log:1"));
}

TEST(ExitCodeTest, IsReadFromTheStatus) {
  EXPECT_EQ(*ExitCodeOf(R"({"metadata":{},"status":"Success"})"), 0);
  EXPECT_EQ(*ExitCodeOf(R"({"status":"Failure","reason":"NonZeroExitCode",
      "details":{"causes":[{"reason":"ExitCode","message":"126"}]}})"),
            126);
}

TEST(ExitCodeTest, IsAnErrorWithTheRuntimesWordsWhenTheCommandDidNotRun) {
  const auto code =
      ExitCodeOf(R"({"status":"Failure","reason":"InternalError","message":"no such file"})");
  ASSERT_FALSE(code.ok());
  EXPECT_THAT(code.error().message, HasSubstr("no such file"));
  for (const char* text : {"", "[", "[]", "{}", R"({"status":1})",
                           R"({"status":"Failure","reason":"NonZeroExitCode"})"}) {
    EXPECT_FALSE(ExitCodeOf(text).ok()) << text;
  }
}

TEST(SpdyTest, OpensAStreamWithOneHeaderInAStoredBlock) {
  SpdyWriter writer;
  const std::string first = writer.OpenStream(1, "error");
  // Control, version 3, SYN_STREAM; flags 0 and the length; stream 1.
  EXPECT_EQ(first.substr(0, 5), std::string("\x80\x03\x00\x01\x00", 5));
  EXPECT_EQ(static_cast<size_t>(first[7]), first.size() - 8);
  EXPECT_EQ(first.substr(8, 4), std::string("\0\0\0\1", 4));
  EXPECT_EQ(first.substr(18, 2), "\x78\x01");
  EXPECT_THAT(first, HasSubstr("streamtype"));
  EXPECT_EQ(first.substr(first.size() - 5), std::string("\0\0\0\xff\xff", 5));
  // The zlib stream goes on: only its first frame has the head.
  EXPECT_EQ(writer.OpenStream(3, "error").size() + 2, first.size());
}

TEST(SpdyTest, ReadsFramesThatComeByteByByte) {
  const std::string bytes = SpdyData(5, "hello", false) + SpdyPong(2) + SpdyData(5, "", true);
  SpdyReader reader;
  std::vector<SpdyFrame> frames;
  for (const char byte : bytes) {
    reader.Add({&byte, 1});
    const auto frame = reader.Next();
    ASSERT_TRUE(frame.ok());
    if (*frame) frames.push_back(**frame);
  }
  ASSERT_THAT(frames, SizeIs(3));
  EXPECT_EQ(frames[0].kind, SpdyKind::kData);
  EXPECT_EQ(frames[0].stream, 5U);
  EXPECT_EQ(frames[0].payload, "hello");
  EXPECT_FALSE(frames[0].last);
  EXPECT_EQ(frames[1].kind, SpdyKind::kPing);
  EXPECT_EQ(frames[1].ping_id, 2U);
  EXPECT_TRUE(frames[2].last);
}

TEST(SpdyTest, AnotherProtocolIsAnError) {
  SpdyReader reader;
  reader.Add(std::string("\x80\x02\x00\x01\x00\x00\x00\x00", 8));
  EXPECT_FALSE(reader.Next().ok());
}

}  // namespace
}  // namespace nestor::pod
