// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/oci_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/hook/protocol.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;

std::string State(const std::string& annotations) {
  return R"({"ociVersion": "1.0.2", "id": "c1", "status": "creating", "pid": 4711, "bundle": "/b",
             "annotations": )" +
         annotations + "}";
}

std::string WhyNot(const std::string& state) {
  const auto read = ReadOciState(state);
  EXPECT_FALSE(read) << state.substr(0, 200);
  if (read) return "";
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  return read.error().message;
}

constexpr char kContainerd[] = R"({"io.kubernetes.cri.container-name": "main",
  "io.kubernetes.cri.container-type": "container",
  "io.kubernetes.cri.image-name": "shop/web:1", "io.kubernetes.cri.sandbox-id": "s1",
  "io.kubernetes.cri.sandbox-name": "web-0", "io.kubernetes.cri.sandbox-namespace": "shop",
  "io.kubernetes.cri.sandbox-uid": "u1"})";

TEST(OciStateTest, ContainerdsAnnotationsNameAContainer) {
  const auto read = ReadOciState(State(kContainerd));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->id, "c1");
  EXPECT_EQ(read->pid, 4711u);
  EXPECT_FALSE(read->sandbox);
  EXPECT_EQ(read->sandbox_id, "s1");
  EXPECT_EQ(read->name, "main");
  EXPECT_EQ(read->image, "shop/web:1");
  EXPECT_EQ(read->pod, "web-0");
  EXPECT_EQ(read->namespace_name, "shop");
  EXPECT_EQ(read->pod_uid, "u1");
}

TEST(OciStateTest, CrioNamesAContainerByTheKubeletsLabels) {
  const auto read = ReadOciState(State(R"({"io.kubernetes.cri-o.ContainerType": "container",
    "io.kubernetes.cri-o.SandboxID": "s1", "io.kubernetes.cri-o.ImageName": "shop/web:1",
    "io.kubernetes.container.name": "main", "io.kubernetes.pod.name": "web-0",
    "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": "u1"})"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->sandbox);
  EXPECT_EQ(read->sandbox_id, "s1");
  EXPECT_EQ(read->name, "main");
  EXPECT_EQ(read->image, "shop/web:1");
  EXPECT_EQ(read->pod, "web-0");
  EXPECT_EQ(read->namespace_name, "shop");
  EXPECT_EQ(read->pod_uid, "u1");
}

TEST(OciStateTest, ASandboxHasNoNameOfItsOwnAndIsItsOwnSandbox) {
  const auto read = ReadOciState(State(R"({"io.kubernetes.cri-o.ContainerType": "sandbox",
    "io.kubernetes.container.name": "POD", "io.kubernetes.cri-o.Namespace": "shop"})"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->sandbox);
  EXPECT_EQ(read->sandbox_id, "c1");
  EXPECT_EQ(read->name, "");
  EXPECT_EQ(read->namespace_name, "shop");
}

TEST(OciStateTest, WhatIsNoStateIsRefusedWithTheReason) {
  EXPECT_THAT(WhyNot(""), HasSubstr("no JSON"));
  EXPECT_THAT(WhyNot("{"), HasSubstr("no JSON"));
  EXPECT_THAT(WhyNot("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(WhyNot("{} {}"), HasSubstr("no JSON"));
  EXPECT_THAT(WhyNot("{}"), HasSubstr("id is missing"));
  EXPECT_THAT(WhyNot(R"({"id": 1})"), HasSubstr("id is no string"));
  EXPECT_THAT(WhyNot(R"({"id": "c"})"), HasSubstr("pid is missing"));
  for (const char* pid : {"0", "-1", "4194305", "1.5", "\"1\"", "1e99", "null", "{}"}) {
    EXPECT_THAT(WhyNot(std::string(R"({"id": "c", "pid": )") + pid + "}"), HasSubstr("pid"));
  }
  EXPECT_THAT(WhyNot(R"({"id": "c", "pid": 1})"), HasSubstr("no annotations"));
  EXPECT_THAT(WhyNot(State("[]")), HasSubstr("no annotations"));
}

TEST(OciStateTest, OnlyAPodsContainerIsOne) {
  EXPECT_THAT(WhyNot(State("{}")), HasSubstr("pod's container"));
  EXPECT_THAT(WhyNot(State(R"({"io.kubernetes.cri.container-type": "vm"})")),
              HasSubstr("pod's container"));
  EXPECT_THAT(WhyNot(State(R"({"io.kubernetes.cri.container-type": "container"})")),
              HasSubstr("sandbox"));
  EXPECT_THAT(WhyNot(State(R"({"io.kubernetes.cri.container-type": 7})")), HasSubstr("no string"));
}

TEST(OciStateTest, HugeAndHostileStatesAreRefused) {
  EXPECT_THAT(WhyNot(std::string(kMaxHookStateBytes + 1, ' ')), HasSubstr("more than"));
  EXPECT_THAT(WhyNot(std::string(kMaxHookStateBytes, '[')), HasSubstr("no JSON"));
  EXPECT_THAT(WhyNot(State(R"({"io.kubernetes.pod.name": ")" + std::string(4097, 'a') + "\"}")),
              HasSubstr("4096"));
  EXPECT_THAT(WhyNot(State(R"({"io.kubernetes.pod.name": "a\u0000b"})")), HasSubstr("NUL"));
  EXPECT_THAT(WhyNot(State("{\"io.kubernetes.pod.name\": \"\xff\"}")), HasSubstr("no JSON"));
}

}  // namespace
}  // namespace nestor
