// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/oci_state.h"

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/hook/protocol.h"

namespace nestor {
namespace {

using nlohmann::json;

constexpr size_t kMaxValueBytes = 4096;
constexpr uint64_t kMaxPid = 1 << 22;  // PID_MAX_LIMIT

// Where a runtime says what. The kubelet's labels are annotations, too, in CRI-O.
constexpr std::initializer_list<const char*> kType = {"io.kubernetes.cri.container-type",
                                                      "io.kubernetes.cri-o.ContainerType"};
constexpr std::initializer_list<const char*> kSandboxId = {"io.kubernetes.cri.sandbox-id",
                                                           "io.kubernetes.cri-o.SandboxID"};
constexpr std::initializer_list<const char*> kName = {"io.kubernetes.cri.container-name",
                                                      "io.kubernetes.container.name"};
constexpr std::initializer_list<const char*> kImage = {"io.kubernetes.cri.image-name",
                                                       "io.kubernetes.cri-o.ImageName"};
constexpr std::initializer_list<const char*> kPod = {"io.kubernetes.cri.sandbox-name",
                                                     "io.kubernetes.pod.name"};
constexpr std::initializer_list<const char*> kNamespace = {"io.kubernetes.cri.sandbox-namespace",
                                                           "io.kubernetes.pod.namespace",
                                                           "io.kubernetes.cri-o.Namespace"};
constexpr std::initializer_list<const char*> kUid = {"io.kubernetes.cri.sandbox-uid",
                                                     "io.kubernetes.pod.uid"};

Error Wrong(const std::string& what) { return Error::InvalidArgument("OCI state: " + what); }

Status ReadText(const json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  const auto* text = found->get_ptr<const std::string*>();
  if (!text) return Wrong(std::string(key) + " is no string");
  if (text->size() > kMaxValueBytes) {
    return Wrong(std::string(key) + " has more than " + std::to_string(kMaxValueBytes) + " bytes");
  }
  if (text->find('\0') != std::string::npos) return Wrong(std::string(key) + " has a NUL in it");
  out = *text;
  return {};
}

// The first of the keys that is there and not empty.
Status ReadFirst(const json& annotations, std::initializer_list<const char*> keys,
                 std::string& out) {
  for (const char* key : keys) {
    if (Status status = ReadText(annotations, key, out); !status) return status;
    if (!out.empty()) return {};
  }
  return {};
}

Status ReadPid(const json& state, uint32_t& pid) {
  const auto found = state.find("pid");
  if (found == state.end()) return Wrong("pid is missing");
  const auto* number = found->get_ptr<const json::number_unsigned_t*>();
  if (!number || *number == 0 || *number > kMaxPid) return Wrong("pid is no process's number");
  pid = static_cast<uint32_t>(*number);
  return {};
}

Status ReadNames(const json& annotations, OciContainer& out) {
  const std::array<std::pair<std::initializer_list<const char*>, std::string*>, 6> fields = {{
      {kSandboxId, &out.sandbox_id},
      {kName, &out.name},
      {kImage, &out.image},
      {kPod, &out.pod},
      {kNamespace, &out.namespace_name},
      {kUid, &out.pod_uid},
  }};
  for (const auto& [keys, field] : fields) {
    if (Status status = ReadFirst(annotations, keys, *field); !status) return status;
  }
  std::string type;
  if (Status status = ReadFirst(annotations, kType, type); !status) return status;
  if (type != "sandbox" && type != "container") {
    return Wrong("no annotation of a CRI says that this is a pod's container");
  }
  out.sandbox = type == "sandbox";
  if (out.sandbox) out.name.clear();  // CRI-O calls it POD
  if (out.sandbox && out.sandbox_id.empty()) out.sandbox_id = out.id;
  if (out.sandbox_id.empty()) return Wrong("the annotations do not name the sandbox");
  return {};
}

}  // namespace

Result<OciContainer> ReadOciState(std::string_view text) {
  if (text.size() > kMaxHookStateBytes) {
    return Wrong("more than " + std::to_string(kMaxHookStateBytes) + " bytes");
  }
  const json state = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return Wrong("this is no JSON object");
  OciContainer container;
  if (Status status = ReadText(state, "id", container.id); !status) return status.error();
  if (container.id.empty()) return Wrong("id is missing");
  if (Status status = ReadPid(state, container.pid); !status) return status.error();
  const auto annotations = state.find("annotations");
  if (annotations == state.end() || !annotations->is_object()) {
    return Wrong("there are no annotations: the runtime is no CRI's");
  }
  if (Status status = ReadNames(*annotations, container); !status) return status.error();
  return container;
}

}  // namespace nestor
