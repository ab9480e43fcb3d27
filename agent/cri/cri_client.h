// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_CRI_CRI_CLIENT_H_
#define NESTOR_AGENT_CRI_CRI_CLIENT_H_

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/cri/container_lister.h"

namespace nestor {

struct RuntimeVersion {
  std::string name;         // "containerd"
  std::string version;      // "1.6.20"
  std::string api_version;  // "v1"
};

struct CriContainer {
  std::string id;
  std::string name;
  std::string pod_sandbox_id;
  std::string image;
  std::map<std::string, std::string> labels;  // the container's own
  bool ended = false;
};

struct CriSandbox {
  std::string id;
  std::string pod;
  std::string namespace_name;
  std::string pod_uid;
  std::map<std::string, std::string> labels;  // the pod's
};

// Asks a container runtime over its unix socket (CRI runtime.v1). The connection is made by the
// first call and again after the runtime restarts. Every call blocks up to the deadline given here;
// an answer above 16 MiB is an error, as for the kubelet. Thread: any.
class CriClient : public ContainerLister {
 public:
  // Error: `endpoint` is not "unix:///path".
  static Result<std::unique_ptr<CriClient>> Create(const std::string& endpoint,
                                                   std::chrono::milliseconds deadline);
  ~CriClient() override;

  Result<RuntimeVersion> Version();
  Result<std::vector<CriContainer>> ListContainers();
  Result<std::vector<CriSandbox>> ListPodSandboxes();
  // Image id ("sha256:…") → the name it was pulled by, for images that have one.
  Result<std::map<std::string, std::string>> ListImageNames();

  Result<std::vector<ListedContainer>> List() override;
  Result<FoundContainer> Find(const std::string& id, const std::string& sandbox_id,
                              std::chrono::milliseconds deadline) override;
  Result<std::string> Describe() override;
  void Cancel() override;

 private:
  struct State;
  explicit CriClient(std::unique_ptr<State> state);
  Status NameImages(std::vector<CriContainer>& containers, std::chrono::milliseconds deadline);
  Result<std::map<std::string, std::string>> ImageNames(std::chrono::milliseconds deadline);

  std::unique_ptr<State> state_;
};

// Containers with the pod they are in, sandboxes as containers of their own. Names are read from
// the labels that the kubelet sets, and from the sandbox where a label lacks.
std::vector<ListedContainer> JoinWithPods(std::vector<CriContainer> containers,
                                          const std::vector<CriSandbox>& sandboxes);

}  // namespace nestor

#endif  // NESTOR_AGENT_CRI_CRI_CLIENT_H_
