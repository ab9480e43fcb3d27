// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_HOOK_HOOK_SERVER_H_
#define NESTOR_AGENT_HOOK_HOOK_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/hook/hook_server_options.h"

namespace nestor {

// What came of one question; the words are those of protocol.h.
enum class HookOutcome { kReady, kNamed, kFailed };
struct HookAnswer {
  HookOutcome outcome = HookOutcome::kFailed;
  std::string reason;  // empty for kReady
};

// Makes the container of `state` known within `patience`. Called by several threads at a time.
using PrepareContainer =
    std::function<HookAnswer(std::string_view state, std::chrono::milliseconds patience)>;

// Answers OCI hooks on a unix socket: protocol.h. Who asks must be root, or the user that nestord
// runs as: by the socket's mode and, for a descriptor that was passed on, by the peer's
// credentials. So many questions as the options say are answered at a time, the others wait in the
// socket's backlog: a hook has a timeout of its own. A peer that does not speak in time is dropped.
class HookServer {
 public:
  // Hooks can ask when this returns. `prepare` outlives the server. Errors: see SocketPath::Claim.
  static Result<std::unique_ptr<HookServer>> Start(const HookServerOptions& options,
                                                   PrepareContainer prepare);
  // Removes the socket; questions under way are answered first.
  ~HookServer();

 private:
  struct State;
  explicit HookServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nestor

#endif  // NESTOR_AGENT_HOOK_HOOK_SERVER_H_
