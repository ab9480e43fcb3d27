// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/selector.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

using Operator = LabelExpression::Operator;

Workload Web() {
  Workload workload;
  workload.namespace_name = "shop";
  workload.pod = "web-0";
  workload.container = "main";
  workload.container_id = "c1";
  workload.image = "registry.example/shop/web:1.2";
  return workload;
}

TEST(SelectorTest, ImagesAreGlobsOverTheWholeReference) {
  WorkloadSelector selector;
  selector.images = {"registry.example/*"};
  EXPECT_TRUE(Selects(selector, Web(), {}));
  selector.images = {"*:2.*", "docker.io/*"};
  EXPECT_FALSE(Selects(selector, Web(), {}));
}

TEST(SelectorTest, ExpressionsMeanWhatTheyMeanInKubernetes) {
  const std::map<std::string, std::string> labels = {{"app", "web"}};
  const auto selects = [&labels](LabelExpression expression) {
    WorkloadSelector selector;
    selector.expressions = {std::move(expression)};
    return Selects(selector, Web(), labels);
  };
  EXPECT_TRUE(selects({"app", Operator::kIn, {"db", "web"}}));
  EXPECT_FALSE(selects({"app", Operator::kNotIn, {"web"}}));
  EXPECT_TRUE(selects({"tier", Operator::kNotIn, {"web"}}));
  EXPECT_TRUE(selects({"app", Operator::kExists, {}}));
  EXPECT_TRUE(selects({"tier", Operator::kDoesNotExist, {}}));
  EXPECT_FALSE(selects({"tier", Operator::kIn, {"web"}}));
}

TEST(SelectorTest, AContainerIsMoreSpecificThanAllElseTogether) {
  WorkloadSelector all_else, container;
  all_else.namespaces = all_else.pods = all_else.images = {"a"};
  all_else.labels["app"] = "a";
  container.containers = {"a"};

  EXPECT_GT(SpecificityOf(container), SpecificityOf(all_else));
  EXPECT_EQ(SpecificityOf({}), 0u);
  EXPECT_EQ(SpecificityText(SpecificityOf(all_else)), "pods, labels, images, namespaces");
}

}  // namespace
}  // namespace nestor
