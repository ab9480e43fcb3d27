// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/agents_config.h"

#include "agent/agents/recogniser.h"

namespace nestor {
namespace {

void ReadGlobs(StrictYaml& yaml, const YAML::Node& map, const char* key, GlobKind kind,
               std::vector<std::string>& out) {
  yaml.Read(map, key, out);
  if (map[key] && out.empty()) yaml.Fail(map[key], std::string(key) + " must not be empty");
  if (!map[key] || !map[key].IsSequence()) return;
  for (const YAML::Node& item : map[key]) {
    if (!item.IsScalar()) continue;  // a fault already
    if (const auto pattern = ParseGlob(item.Scalar(), kind); !pattern) {
      yaml.Fail(item, "pattern `" + item.Scalar().substr(0, 80) + "`: " + pattern.error().message);
    }
  }
}

void ReadSignature(StrictYaml& yaml, const YAML::Node& node, AgentSignature& signature) {
  if (!yaml.Map(node, "a signature", {"name", "exe", "args", "images"})) return;
  yaml.Read(node, "name", signature.name);
  if (!node["name"]) {
    yaml.Fail(node, "a signature needs a name");
  } else if (Status named = CheckAgentName(signature.name); !named) {
    yaml.Fail(node["name"], named.error().message);
  }
  ReadGlobs(yaml, node, "exe", kExeGlob, signature.exe);
  ReadGlobs(yaml, node, "args", kArgsGlob, signature.args);
  ReadGlobs(yaml, node, "images", kImagesGlob, signature.images);
  if (!node["exe"] && !node["args"] && !node["images"]) {
    yaml.Fail(node, "a signature needs at least one of exe, args and images");
  }
}

}  // namespace

void ReadAgents(StrictYaml& yaml, const YAML::Node& node, AgentOptions& options) {
  if (!yaml.Map(node, "agents", {"builtin", "signatures"})) return;
  yaml.Read(node, "builtin", options.builtin);
  const size_t faults = yaml.errors().size();
  yaml.ForEach(node, "signatures", [&](const YAML::Node& item) {
    ReadSignature(yaml, item, options.signatures.emplace_back());
  });
  if (yaml.errors().size() != faults) return;
  if (const auto made = AgentRecogniser::Create(options); !made) {  // each is fine, but not all
    yaml.Fail(node["signatures"], made.error().message);
  }
}

}  // namespace nestor
