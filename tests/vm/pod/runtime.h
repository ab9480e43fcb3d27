// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_TESTS_VM_POD_RUNTIME_H_
#define NESTOR_TESTS_VM_POD_RUNTIME_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "runtime/v1/api.pb.h"

namespace nestor::pod {

namespace cri = ::runtime::v1;

// The container runtime's CRI, call by call. Each blocks up to a deadline that suits a slow
// emulated machine. Errors name the call and hold the runtime's own words. Thread: one.
class Runtime {
 public:
  // `endpoint` is "unix:///path". Nothing is sent yet.
  static Result<std::unique_ptr<Runtime>> Connect(const std::string& endpoint);
  ~Runtime();

  // The image's id. Error: no such image; the message lists those there are.
  Result<std::string> ImageId(const std::string& name);

  Result<std::string> RunSandbox(const cri::PodSandboxConfig& config);
  Result<cri::PodSandboxStatus> SandboxStatus(const std::string& id);
  Result<std::vector<cri::PodSandbox>> Sandboxes();
  Status StopSandbox(const std::string& id);
  Status RemoveSandbox(const std::string& id);

  Result<std::string> CreateContainer(const std::string& sandbox,
                                      const cri::ContainerConfig& config,
                                      const cri::PodSandboxConfig& sandbox_config);
  Status StartContainer(const std::string& id);
  Status StopContainer(const std::string& id, std::chrono::seconds grace);
  Result<cri::ContainerStatus> StatusOf(const std::string& id);
  // Those of one sandbox; of all with an empty id.
  Result<std::vector<cri::Container>> Containers(const std::string& sandbox);

  // Where to stream a command's bytes: "http://127.0.0.1:41235/exec/TOKEN".
  Result<std::string> ExecUrl(const cri::ExecRequest& request);

 private:
  struct State;
  explicit Runtime(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace nestor::pod

#endif  // NESTOR_TESTS_VM_POD_RUNTIME_H_
