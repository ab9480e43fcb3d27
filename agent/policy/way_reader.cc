// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/way_reader.h"

#include <algorithm>

#include "agent/policy/document.h"
#include "agent/policy/pattern_reader.h"

namespace nestor {
namespace {

constexpr char kForm[] = " must be CONTAINER or NAMESPACE/POD/CONTAINER";

bool HasForm(std::string_view name) {
  const auto slashes = std::ranges::count(name, '/');
  return (slashes == 0 || slashes == 2) && !name.empty() && !name.starts_with('/') &&
         !name.ends_with('/') && name.find("//") == std::string_view::npos;
}

}  // namespace

uint32_t ReadHopKinds(NodeReader& reader, const YamlNode& node) {
  uint32_t kinds = 0;
  for (const YamlNode& item : reader.List(node, "hops"))
    if (const auto word = reader.Word(item, "a hop", HopWords()))
      kinds |= 1U << static_cast<unsigned>(*HopKindFromName(*word));
  return kinds;
}

std::vector<std::string> ReadContainers(NodeReader& reader, const YamlNode& node) {
  std::vector<std::string> containers = ReadNames(reader, node, "containers");
  for (const std::string& name : containers)
    if (!HasForm(name)) reader.Fail(node.mark, "container " + Shown(name) + kForm);
  return containers;
}

std::vector<std::string> ReadIdentity(NodeReader& reader, const YamlNode& node) {
  std::vector<std::string> users;
  if (!reader.IsMap(node, "identity", {"users"})) return users;
  const YamlNode* list = reader.Need(node, "users");
  if (!list) return users;
  for (const YamlNode& item : reader.List(*list, "users")) {
    auto user = reader.Text(item, "a user", kMaxUserBytes);
    if (!user) continue;
    if (user->find_first_of("*?[") != std::string::npos)
      reader.Fail(item.mark,
                  "users are names and no patterns: write each in place of " + Shown(*user));
    users.push_back(*std::move(user));
  }
  return users;
}

std::optional<Workload> ContainerNamed(std::string_view name) {
  if (!HasForm(name)) return std::nullopt;
  Workload workload;
  workload.container_id = "container-id";
  const size_t pod = name.find('/');
  const size_t container = name.rfind('/');
  if (pod == std::string_view::npos) {
    workload.container = name;
    return workload;
  }
  workload.namespace_name = name.substr(0, pod);
  workload.pod = name.substr(pod + 1, container - pod - 1);
  workload.container = name.substr(container + 1);
  return workload;
}

std::vector<Workload> ReadContainersLeft(NodeReader& reader, const YamlNode& node) {
  constexpr size_t kLongest = 1024;
  std::vector<Workload> left;
  for (const YamlNode& item : reader.List(node, "containers")) {
    const auto name = reader.Text(item, "a container", kLongest);
    if (!name) continue;
    if (auto workload = ContainerNamed(*name))
      left.push_back(*std::move(workload));
    else
      reader.Fail(item.mark, "container " + Shown(*name) + kForm);
  }
  return left;
}

}  // namespace nestor
